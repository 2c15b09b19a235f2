import { performance } from 'node:perf_hooks';
import { type Holding, NOTHING } from '../component/holding.ts';
import type { PluginMetadata, PluginResponse, RequestOptions, Utterance } from '../contract/values.ts';
import { describe, type ErrorCode, fromWire, PluginError, toWire } from '../errors.ts';
import type { AskMainThread } from '../host/imports/supplied-modules.ts';
import { assertStackRoom } from '../host/stack-room.ts';
import { makeInstance } from '../instance/make-instance.ts';
import type { PluginInstance } from '../instance/plugin-instance.ts';
import { createRuntime, type Runtime } from '../instance/runtime.ts';
import { Tally } from '../observe/tally.ts';
import { SHUTDOWN_FAILED } from '../pool/protocol.ts';
import { replyNow } from '../scheduler/host-calls.ts';
import type { Errand, Inline } from '../scheduler/inline.ts';
import type { InlineHost } from '../scheduler/inline-host.ts';
import type { Lane } from '../scheduler/lane.ts';
import { RETURNED } from '../scheduler/settlement.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { InlineContext } from './inline-context.ts';
import { inlineThread } from './inline-thread.ts';
import type { ResolvedInline } from './placement.ts';
import { RequestBuffer } from './request-buffer.ts';
import { ResponseReader } from './response-reader.ts';

/** What a request ends with that would have held this thread for too long. */
const OVER_BUDGET: ReadonlySet<ErrorCode> = new Set([
  'ERR_INSTRUCTION_LIMIT',
  'ERR_CPU_TIME_LIMIT',
  'ERR_WALL_TIME_LIMIT',
]);

/** Bytes of stack that V8 gives the main thread; `ERR_STACK_OVERFLOW` names it. */
const MAIN_STACK_BYTES = 984 * 1024;
/** The number of the main thread, as tallies are kept by threads. */
const MAIN_THREAD = 0;

/**
 * Runs the requests of a lane where they are asked for, on one instance, at the price of the call. All that holds for a
 * worker's instance holds for this one: it is dropped after any end but a return (invariant 7), it is booked with what it
 * may grow to while it runs, and what it says is told before its request settles. Nothing waits here: where a request
 * cannot run at once, {@link takes} leaves it to the workers.
 */
export class InlineLane implements Inline {
  state: Inline['state'] = 'inline';
  usedAt = 0;
  readonly #lane: Lane;
  readonly #options: ResolvedInline;
  readonly #host: InlineHost;
  readonly #tally: Tally | undefined;
  readonly #request = new RequestBuffer();
  readonly #said: Utterance[] = [];
  readonly #context: InlineContext;
  readonly #signal = new AbortController().signal;
  /** Made with the first instance. */
  #runtime: Runtime | undefined;
  #instance: PluginInstance | undefined;
  #served = 0;
  /** Whether a request is in it, which counts as one that was sent. */
  #isInside = false;
  /** With what the instance is booked: while it waits, with what it held when it was looked at last. */
  #held: Holding = NOTHING;
  /** What the request that runs is called, once somebody has asked. */
  #requestId: string | undefined;
  /** What of it runs: a request, or the making of an instance. */
  #asks: Errand['kind'] = 'process';
  readonly #answered = new ResponseReader();

  constructor(lane: Lane, options: ResolvedInline, host: InlineHost) {
    this.#lane = lane;
    this.#options = options;
    this.#host = host;
    const { tally } = lane.metrics.parcel(MAIN_THREAD);
    this.#tally = tally && new Tally(tally);
    this.#context = new InlineContext(
      lane.definition.policy,
      (utterance) => this.#said.push(utterance) > 0,
      inlineThread,
    );
  }

  get takes(): boolean {
    if (this.state !== 'inline' || inlineThread.isRunning || inlineThread.isLittered) return false;
    return this.#host.memory.fitsBeside(this.#held, this.#lane);
  }

  answer(input: string, options: RequestOptions): PluginResponse {
    try {
      return this.#answer(input, options);
    } finally {
      // The caller's stack has ended between two steps, so that these are no calls: what was lost is made good later.
      if (this.#isInside) {
        this.#isInside = false;
        this.#lane.sent--;
        inlineThread.isRunning = false;
      }
    }
  }

  run(job: Errand): void {
    try {
      this.#run(job);
    } finally {
      // As in `answer`.
      if (this.#isInside) {
        this.#isInside = false;
        this.#lane.sent--;
        inlineThread.isRunning = false;
      }
    }
  }

  #answer(input: string, options: RequestOptions): PluginResponse {
    const { metrics } = this.#lane;
    const begunAt = this.#enter(undefined, 'process');
    let response: PluginResponse;
    try {
      response = this.#process(input, options);
    } catch (error) {
      this.#leave(begunAt);
      const failure = this.#failure(error);
      failure.began = true;
      metrics.errors.count(failure.code);
      throw failure;
    }
    this.#leave(begunAt);
    metrics.answered++;
    if (!response.success) metrics.refused++;
    return response;
  }

  #run(job: Errand): void {
    job.began = true;
    const asked = performance.now();
    const begun = this.#enter(job.requestId, job.kind);
    let returned: unknown;
    let failure: PluginError | undefined;
    try {
      returned = this.#ask(job);
    } catch (error) {
      failure = this.#failure(error, job);
    }
    const ended = this.#leave(begun);
    job.elsewhere = { threadId: MAIN_THREAD, times: { asked, begun, ended } };
    if (failure !== undefined) job.reject(failure);
    else if (job.call === undefined) job.resolve(returned as PluginResponse | PluginMetadata | undefined);
    else {
      job.value = returned;
      job.resolve(RETURNED);
    }
  }

  close(how: 'shutdown' | 'at once'): void {
    // A host function asks for it: the guest that called it goes on.
    if (inlineThread.isRunning) return;
    this.#asks = 'prepare';
    if (how === 'shutdown') this.#shutDown();
    else if (this.#instance !== undefined) this.#drop(this.#instance);
    this.#runtime?.empty();
    this.#runtime = undefined;
    this.#host.memory.exchange(NOTHING, this.#held);
    this.#held = NOTHING;
    this.#tell();
    inlineThread.leave();
  }

  #ask({ kind, call, input, options }: Errand): unknown {
    if (kind === 'prepare') return this.#ready().metadata();
    if (call === undefined) return this.#process(input, options);
    if (call.kind === 'conversation')
      throw new Error('A call that waits for its caller came to the thread of its caller');
    const { func } = call.kind === 'named' ? call : call.named();
    return this.#ready().call(func);
  }

  #process(input: string, options: RequestOptions): PluginResponse {
    const instance = this.#ready();
    if (!instance.takesBytes) {
      const response = instance.process(input, options);
      return { ...response, instructions: instance.instructions! };
    }
    instance.processBytes(this.#request.pack(input, options), this.#answered);
    return this.#answered.take(instance.instructions!);
  }

  /** The instance that serves the next request, made and initialised if there is none. */
  #ready(): PluginInstance {
    if (this.#instance?.state === 'ready') return this.#instance;
    // The caller's stack ended on the way into it, or out.
    if (this.#instance !== undefined) this.#drop(this.#instance);
    const { definition } = this.#lane;
    this.#runtime ??= createRuntime(definition, inlineThread.dropped, inlineThread.control);
    const surroundings = {
      context: this.#context,
      stackBytes: MAIN_STACK_BYTES,
      onDropped: inlineThread.dropped,
      ask: this.#callHost,
      requestInstructions: Math.min(this.#options.instructions, definition.policy.maxInstructions!),
    };
    const instance = makeInstance(definition, this.#runtime, surroundings);
    instance.initialize();
    this.#tally?.calledHost(this.#context.hostCalls);
    this.#tally?.madeInstance();
    this.#served = 0;
    this.#instance = instance;
    return instance;
  }

  /** @returns When the request began. */
  #enter(requestId: string | undefined, kind: Errand['kind']): number {
    this.#requestId = requestId;
    this.#asks = kind;
    const lane = this.#lane;
    lane.sent++;
    this.#isInside = true;
    this.#host.memory.exchange(lane.holds, this.#held);
    this.#held = lane.holds;
    const now = performance.now();
    this.usedAt = now;
    inlineThread.enter(now);
    return now;
  }

  /** @returns When it ended. */
  #leave(begunAt: number): number {
    const lane = this.#lane;
    const now = performance.now();
    this.#count(now - begunAt);
    if (this.#instance !== undefined && this.#instance.state !== 'ready') this.#drop(this.#instance);
    else if (this.#asks === 'process') this.#hasServed();
    const held = this.#instance?.holds ?? this.#runtime?.idle ?? NOTHING;
    this.#host.memory.exchange(held, this.#held);
    this.#held = held;
    this.#tally?.sawMemory(held.bytes);
    if (this.#said.length > 0) this.#tell();
    inlineThread.leave();
    this.#isInside = false;
    lane.sent--;
    if (lane.idle) this.#host.onLeft(lane);
    return now;
  }

  #count(milliseconds: number): void {
    const tally = this.#tally;
    if (tally === undefined) return;
    tally.calledHost(this.#context.hostCalls);
    tally.ranInstructions(this.#instance?.instructions ?? 0);
    // Nothing blocks here, so that it is the time of the processor but for what else the machine did.
    tally.usedCpu(milliseconds);
    if (this.#asks !== 'process') return;
    tally.batchSize.record(1);
    tally.queueWait.record(0);
    tally.duration.record(milliseconds);
  }

  #hasServed(): void {
    const { instances, maxRequestsPerInstance } = this.#lane.definition.policy;
    if (instances === 'fresh' || ++this.#served >= maxRequestsPerInstance) this.#shutDown();
  }

  #drop(instance: PluginInstance): void {
    // It was not shut down, or the stack ended before its call was on its way.
    if (instance.state !== 'dead') instance.abandon();
    this.#instance = undefined;
    this.#tally?.endedInstance();
  }

  #shutDown(): void {
    const instance = this.#instance;
    if (instance === undefined) return;
    inlineThread.enter(performance.now());
    // The instance goes either way, and no caller waits for its last words: a log line is where they can be heard.
    try {
      const refusal = instance.shutdown();
      if (refusal !== undefined) this.#lament(refusal);
    } catch (error) {
      this.#lament(describe(error));
    }
    this.#tally?.calledHost(this.#context.hostCalls);
    this.#drop(instance);
  }

  #lament(reason: string): void {
    this.#said.push({ kind: 'log', level: 'warn', message: cleanLogLine(`${SHUTDOWN_FAILED}${reason}`) });
  }

  /** Tells what was said, before the request settles. What a listener asks for meanwhile is for a worker. */
  #tell(): void {
    for (const utterance of this.#said.splice(0)) {
      const requestId = this.#asks === 'process' ? this.#name() : undefined;
      this.#host.onUtterance(this.#lane, requestId, utterance);
    }
  }

  /** Most requests are never asked for their name. */
  #name(): string {
    this.#requestId ??= this.#host.nextRequestId();
    return this.#requestId;
  }

  #failure(error: unknown, job?: Errand): PluginError {
    const failure = error instanceof PluginError ? error : fromWire(toWire(error));
    if (this.#options.overBudget === 'worker' && this.state === 'inline' && OVER_BUDGET.has(failure.code)) {
      this.state = 'moved';
      this.#host.onMoved(this.#lane, this.#options.instructions);
    }
    if (job !== undefined) return job.error(failure.code, failure.message, failure);
    const { plugin, version } = this.#lane;
    return failure.with({ plugin, version, requestId: this.#name() });
  }

  /** A function of the embedder's, which is on this thread already. */
  readonly #callHost: AskMainThread = (call) => {
    // Or a guest could have it end half-way, and with it what else it has to do with.
    assertStackRoom();
    const requestId = this.#asks === 'process' ? this.#name() : undefined;
    return replyNow(this.#lane, requestId, call, this.#signal);
  };
}
