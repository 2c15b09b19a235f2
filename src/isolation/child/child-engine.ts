import { setTimeout } from 'node:timers';
import { deserialize } from 'node:v8';
import { memoriesOf } from '../../artifact/artifact.ts';
import { ArtifactCompiler } from '../../artifact/compiler.ts';
import type { CompiledArtifact } from '../../artifact/component-cache.ts';
import { PluginError, toWire } from '../../errors.ts';
import { clockOffset } from '../../observe/clock.ts';
import { namedCall } from '../../request/function-call.ts';
import type { Gate } from '../../scheduler/gate.ts';
import type { Job } from '../../scheduler/job.ts';
import type { Lane } from '../../scheduler/lane.ts';
import { Scheduler } from '../../scheduler/scheduler.ts';
import type { Channel } from '../wire/channel.ts';
import { type ChildMessage, type Counters, FRAME, type HostMessage, type Threads } from '../wire/messages.ts';
import type { PackedRequest } from '../wire/requests.ts';
import { unpackRequests } from '../wire/requests.ts';
import { type Outcome, packResult, type RunTimes } from '../wire/results.ts';
import { Notices } from './notices.ts';
import { Reply, type ReplyTo } from './reply.ts';

/** Milliseconds between two tellings of what is counted. */
const COUNT_MS = 20;
const DID_NOT_RUN: RunTimes = Object.freeze({ begun: 0, ended: 0 });

/** A lane as the host opened it. */
interface OpenLane {
  readonly id: number;
  readonly lane: Lane;
  /** Whether something may have been counted that was not told. */
  counts: 'told' | 'untold';
}

/** The engine's lower half in a process of its own: compiles, schedules and runs what the host asks for. */
export class ChildEngine implements ReplyTo {
  readonly #channel: Channel;
  readonly #scheduler: Scheduler;
  readonly #compiler: ArtifactCompiler;
  readonly #components = new Map<number, CompiledArtifact>();
  readonly #lanes = new Map<number, OpenLane>();
  readonly #byLane = new Map<Lane, OpenLane>();
  readonly #replies = new Map<number, Reply>();
  /** Loads that can still be given up, by what was asked. */
  readonly #loads = new Map<number, AbortController>();
  /** What `performance.now()` has to have added to be the system's monotonic clock. */
  readonly #clockOffset = clockOffset();
  readonly #gate: Gate<Lane>;
  #counting: NodeJS.Timeout | undefined;
  #threads = '';

  constructor(channel: Channel, { options }: Extract<HostMessage, { kind: 'start' }>) {
    this.#channel = channel;
    this.#compiler = new ArtifactCompiler(options);
    const notices = new Notices();
    this.#scheduler = new Scheduler(options, {
      onUtterance: (lane, requestId, utterance) => {
        const request = requestId === undefined ? 0 : Number(requestId);
        this.#tell({ kind: 'said', lane: this.#idOf(lane), request, utterance });
      },
      onTermination: ({ threadId, code, requestId }, lane) => {
        const request = requestId === undefined ? 0 : Number(requestId);
        this.#tell({ kind: 'terminated', lane: this.#idOf(lane), request, threadId, code });
      },
      onStuck: ({ threadId, code, requestId, sinceMs, stuck }, lane) => {
        const request = requestId === undefined ? 0 : Number(requestId);
        this.#tell({ kind: 'stuck', lane: this.#idOf(lane), request, threadId, code, sinceMs, stuck });
        this.#tellThreads();
      },
      onSending: (jobs) => {
        notices.sending(jobs);
        this.#tellSoon();
      },
      onTakenBack: (jobs) => notices.takenBack(jobs),
    });
    // Circuits and quarantine are the host's; it is told what killed a thread.
    this.#gate = {
      circuit: 'closed',
      refusal: undefined,
      admit: () => undefined,
      refusalOf: () => undefined,
      settled() {},
      killed: (job) => {
        const reply = this.#replies.get(Number(job.requestId));
        if (reply !== undefined) reply.killed = true;
      },
    };
    this.#tell({ kind: 'ready' });
  }

  /** Takes what the host sent. */
  receive(kind: number, body: Buffer): void {
    if (kind === FRAME.requests) for (const request of unpackRequests(body)) this.#submit(request);
    else this.#obey(deserialize(body) as HostMessage);
  }

  #obey(message: HostMessage): void {
    switch (message.kind) {
      case 'start':
        return;
      case 'load':
        this.#answer(message.ask, async () => {
          const { ask, component, bytes, options, group } = message;
          const compiled = await this.#whileWanted(ask, (signal) =>
            this.#compiler.load(bytes, options, { group, signal }),
          );
          this.#components.set(component, compiled);
          const { sha256, contract, summary } = compiled.artifact;
          return { sha256, contract, summary };
        });
        return;
      case 'give-up-load':
        this.#loads.get(message.ask)?.abort(new PluginError('ERR_ABORTED', 'The load was given up'));
        return;
      case 'forget':
        this.#components.delete(message.component);
        return;
      case 'open':
        this.#answer(message.ask, async () => this.#open(message));
        return;
      case 'prepare':
        this.#answer(message.ask, () => this.#scheduler.prepare(this.#lane(message.lane).lane));
        return;
      case 'cancel':
        this.#cancel(message.request);
        return;
      case 'abandon':
        this.#scheduler.abandon(this.#lane(message.lane).lane, givenUp);
        return;
      case 'close-lane':
        this.#answer(message.ask, () => this.#close(message.lane));
        return;
      case 'ping':
        this.#answer(message.ask, async () => undefined);
        return;
      case 'end':
        void this.#end();
    }
  }

  async #whileWanted<T>(ask: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#loads.set(ask, controller);
    try {
      return await work(controller.signal);
    } finally {
      this.#loads.delete(ask);
    }
  }

  #open({ lane: id, component, opening }: Extract<HostMessage, { kind: 'open' }>): undefined {
    const { artifact, modules } = this.#components.get(component)!;
    const { contract, binding, summary } = artifact;
    const lane = this.#scheduler.open({
      ...opening,
      contract,
      binding,
      modules,
      maxBytes: summary.maxBytes,
      memories: memoriesOf(summary),
    });
    lane.gate = this.#gate;
    const open: OpenLane = { id, lane, counts: 'told' };
    this.#lanes.set(id, open);
    this.#byLane.set(lane, open);
  }

  async #close(id: number): Promise<undefined> {
    const open = this.#lanes.get(id);
    if (open === undefined) return;
    const { lane } = open;
    await this.#scheduler.drain(lane);
    await this.#scheduler.close(lane);
    this.#tellCounts(open);
    this.#lanes.delete(id);
    this.#byLane.delete(lane);
  }

  async #end(): Promise<void> {
    await Promise.all([this.#compiler.close(), this.#scheduler.end()]);
    this.#channel.finish();
  }

  #submit({ request, lane: id, input, options, priority, call }: PackedRequest): void {
    const reply = new Reply(request, id, call === undefined ? 'process' : 'call', this);
    this.#replies.set(request, reply);
    const { lane } = this.#lane(id);
    // Its name here is its number: what goes back to the host is told apart by that.
    const how = { requestId: String(request), priority };
    reply.job = this.#scheduler.submit(lane, input, options, how, undefined, reply, call && namedCall(input, call));
  }

  #cancel(request: number): void {
    const job = this.#replies.get(request)?.job;
    job?.aborted(AbortSignal.abort());
  }

  settled(reply: Reply, outcome: Outcome): void {
    const { request, job } = reply;
    this.#replies.delete(request);
    const { times, threadId } = this.#ranOf(job);
    try {
      this.#channel.append(FRAME.results, (out) => packResult(out, { request, times, threadId, outcome }));
    } catch (cause) {
      const error = new PluginError('ERR_INVALID_RESPONSE', 'What the function returned cannot cross processes', {
        cause,
      });
      const failed: Outcome = { kind: 'failed', error, began: true, killed: false };
      this.#channel.append(FRAME.results, (out) => packResult(out, { request, times, threadId, outcome: failed }));
    }
    this.#count(reply.lane);
  }

  #ranOf(job: Job | undefined): { readonly times: RunTimes; readonly threadId: number } {
    const { batch } = job ?? {};
    if (job === undefined || batch === undefined) return { times: DID_NOT_RUN, threadId: 0 };
    const { begun, ended } = batch.berth.mailbox.times(job.slot);
    if (begun === 0) return { times: DID_NOT_RUN, threadId: 0 };
    const offset = this.#clockOffset;
    return { times: { begun: begun + offset, ended: ended === 0 ? 0 : ended + offset }, threadId: batch.thread.id };
  }

  // -- what is told -----------------------------------------------------------------------------------------------

  #tell(message: ChildMessage): void {
    this.#channel.write(FRAME.message, (out) => out.text(JSON.stringify(message)));
  }

  #answer(ask: number, work: () => Promise<Extract<ChildMessage, { kind: 'answer' }>['value']>): void {
    work().then(
      (value) => this.#tell({ kind: 'answer', ask, ...(value !== undefined && { value }) }),
      (error: unknown) => this.#tell({ kind: 'failure', ask, error: toWire(error) }),
    );
  }

  /** Counters are told of soon, and not with each result: to add them up takes longer than a short request. */
  #count(lane: number): void {
    const open = this.#lanes.get(lane);
    if (open !== undefined) open.counts = 'untold';
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#counting ??= setTimeout(() => {
      this.#counting = undefined;
      for (const one of this.#lanes.values()) if (one.counts === 'untold') this.#tellCounts(one);
      this.#tellThreads();
    }, COUNT_MS).unref();
  }

  #tellCounts(open: OpenLane): void {
    const { hostCalls, cpuMs, peakBytes, instancesMade, liveInstances, instructions } = open.lane.metrics.total;
    const counters: Counters = { hostCalls, cpuMs, peakBytes, instancesMade, liveInstances, instructions };
    open.counts = 'told';
    this.#tell({ kind: 'counted', lane: open.id, counters });
  }

  #tellThreads(): void {
    const threads: Threads = { ...this.#scheduler.threads };
    const now = JSON.stringify(threads);
    if (now === this.#threads) return;
    this.#threads = now;
    this.#tell({ kind: 'threads', threads });
  }

  #lane(id: number): OpenLane {
    const open = this.#lanes.get(id);
    if (open === undefined) throw new Error(`The host has opened no lane ${id}`);
    return open;
  }

  #idOf(lane: Lane): number {
    return this.#byLane.get(lane)?.id ?? 0;
  }
}

function givenUp(job: Job): PluginError {
  return job.error('ERR_ABORTED', 'The host gave the request up');
}
