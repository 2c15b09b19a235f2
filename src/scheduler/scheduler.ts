import type { PluginDefinition } from '../artifact/definition.ts';
import { nextTick } from '../clock/of-node.ts';
import type { PluginMetadata, RequestOptions } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import { Book } from '../observe/book.ts';
import { TurnClock } from '../observe/clock.ts';
import { observe } from '../observe/observation.ts';
import type { ThreadCounts, VersionSnapshot } from '../observe/snapshot.ts';
import { VersionMetrics } from '../observe/version-metrics.ts';
import { type ThreadClass, threadClassOf } from '../pool/thread-class.ts';
import type { PreparedCall } from '../request/function-call.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { Admission } from './admission.ts';
import { assertCouldFit } from './assert-could-fit.ts';
import type { Batch } from './batch.ts';
import type { Block } from './block.ts';
import { BlockJob } from './block-job.ts';
import { Costs } from './costs.ts';
import { Depth } from './depth.ts';
import { Dispatcher } from './dispatcher.ts';
import { Drains } from './drains.ts';
import { FairQueue } from './fair-queue.ts';
import type { InlineHost } from './inline-host.ts';
import { Job, type JobListener } from './job.ts';
import { Lane } from './lane.ts';
import type { OutstandingBytes } from './outstanding-bytes.ts';
import { Pin } from './pin.ts';
import { Refusals } from './refusals.ts';
import type { Retirement } from './retirement.ts';
import type { SchedulerListener, SchedulerOptions } from './scheduler-options.ts';
import { SessionThreads } from './session-threads.ts';
import { StuckWork } from './stuck-work.ts';
import { Supervisor } from './supervisor.ts';
import { Withdrawals } from './withdrawals.ts';

/**
 * Takes requests in, and settles each of them once: {@link Admission} into the queue, {@link Dispatcher} out of it,
 * {@link Withdrawals} for what is given up on the way.
 */
export class Scheduler {
  readonly #book = new Book<Lane>();
  readonly #options: SchedulerOptions;
  readonly #listener: SchedulerListener;
  readonly #supervisor: Supervisor;
  readonly #admission: Admission;
  readonly #dispatcher: Dispatcher;
  readonly #withdrawals: Withdrawals;
  readonly #refusals: Refusals;
  readonly #stuck: StuckWork;
  readonly #sessionThreads: SessionThreads;
  readonly #queue = new FairQueue();
  readonly #clock = new TurnClock();
  readonly #depth: Depth;
  readonly #costs = new Costs(this.#queue);
  readonly #drains = new Drains();
  #lanes = 0;
  #requests = 0;
  #flush: 'none' | 'scheduled' = 'none';
  /** What every job fails with from now on, if any may not run any more. */
  #refusal: ((job: Job) => PluginError) | undefined;

  constructor(options: SchedulerOptions, listener: SchedulerListener) {
    this.#options = options;
    this.#listener = listener;
    this.#supervisor = new Supervisor(options, {
      ...listener,
      onDone: (batch) => this.#done(batch),
      onTurn: (batch) => this.#dispatcher.begins(batch),
      onNarrowed: (batch) => batch.letGo(false),
      onPart: (batch, part, milliseconds) => this.#costs.ofPart(batch, part, milliseconds),
      onLost: (batch) => {
        this.#costs.lost(batch);
        this.#dispatcher.ended(batch);
      },
      onInterrupted: (lane, code) => this.#costs.interrupted(lane, code),
      onRecalled: (jobs) => this.#requeue(jobs),
      onLong: (batch) => {
        this.#dispatcher.runsLong(batch);
        this.#dispatcher.dispatch();
      },
      onWaits: ({ lane: { tenant }, pace }) => {
        tenant.held--;
        if (pace === 'normal') this.#dispatcher.released();
        this.#dispatcher.dispatch();
      },
      onResumes: ({ lane: { tenant }, pace }) => {
        tenant.held++;
        if (pace === 'normal') this.#dispatcher.resumed();
      },
      isWaitedFor: () => this.#queue.size > 0,
      onFree: () => this.#progress(),
      onProgress: () => this.#progress(),
      onUnavailable: (threadClass, error) => this.#unavailable(threadClass, error),
      onStuck: (work, thread) => {
        this.#onStuck(work);
        listener.onStuck(thread, work.lane);
      },
      onGone: (work) => this.#onGone(work),
    });
    this.#depth = new Depth(this.#queue, this.#supervisor);
    this.#admission = new Admission(options, {
      depth: () => this.#depth.all,
      depthOfPlugin: (lane) => this.#depth.ofPlugin(lane),
      accept: (job) => this.#accept(job),
      take: (lane) => this.#queue.take(lane),
      onLeft: (lane) => this.#drains.check(lane),
    });
    this.#dispatcher = new Dispatcher(
      options.threads,
      options.maxThreads,
      this.#queue,
      this.#supervisor,
      () => this.#progress(),
      listener.onSending,
    );
    this.#withdrawals = new Withdrawals(this.#queue, this.#admission, this.#supervisor, {
      requeue: (jobs) => this.#requeue(jobs),
      onLeft: (lane) => this.#drains.check(lane),
      onRoom: () => this.#progress(),
    });
    this.#refusals = new Refusals(options.maxThreads, this.#supervisor.hostCalls);
    this.#sessionThreads = new SessionThreads(options.threads, options.maxThreads);
    this.#stuck = new StuckWork(options, () => this.#supervisor.pool.stuck);
  }

  /** How many requests have not begun: in the queue or in a mailbox (invariant 6). */
  get depth(): number {
    return this.#depth.all;
  }

  /** What a lane needs whose requests run on this thread. */
  get inlineHost(): InlineHost {
    return {
      memory: this.#supervisor.memory,
      nextRequestId: () => this.nextRequestId(),
      onUtterance: this.#listener.onUtterance,
      onLeft: (lane) => this.#drains.check(lane),
      onMoved: (lane, instructions) => this.#listener.onMoved?.(lane, instructions),
    };
  }

  /** Bytes of inputs and answers that callers have the engine hold. */
  get outstanding(): OutstandingBytes {
    return this.#admission.bytes;
  }

  /** The most requests that one block may be: more would find no room in the queue. */
  get longestBlock(): number {
    return this.#admission.longestBlock;
  }

  /** The same of one call. */
  get longestCall(): number {
    return this.#admission.longestBlock;
  }

  /** What is known of every version of every plugin. */
  versions(): VersionSnapshot[] {
    return this.#book.snapshot((lane) => this.#depth.of(lane));
  }

  /** Threads, by what they are doing. */
  get threads(): Readonly<ThreadCounts> {
    return this.#supervisor.pool.counts;
  }

  /** Has a thread started for a plugin of such a policy that is on its way, if there is room and none is free. */
  expect(policy: ResolvedPolicy): void {
    this.#supervisor.pool.keepSpare(threadClassOf(policy));
  }

  /**
   * Opens a lane for one version of a plugin.
   *
   * @throws {PluginError} `ERR_MEMORY_LIMIT` when one instance could take more than the engine has for all.
   */
  open(definition: PluginDefinition, group: string = definition.plugin): Lane {
    assertCouldFit(definition, this.#options.maxTotalMemoryBytes);
    const tenant = this.#queue.tenant(group);
    const metrics = new VersionMetrics(this.#options.metrics);
    const threadClass = threadClassOf(definition.policy);
    const inSession = definition.session ? this.#sessionThreads.enter(threadClass, group) : undefined;
    const lane = new Lane(++this.#lanes, definition, inSession ?? threadClass, tenant, metrics);
    // Not in the middle of what has ended its thread.
    if (inSession !== undefined) lane.pin = new Pin(() => nextTick(() => this.abandon(lane, threadGone)));
    tenant.lanes.add(lane);
    this.#book.open(lane);
    return lane;
  }

  /** Makes one instance and asks it for its metadata. */
  prepare(lane: Lane): Promise<PluginMetadata | undefined> {
    const settled = Promise.withResolvers<PluginMetadata | undefined>();
    const job = new Job('prepare', lane, '', [], '', Number.POSITIVE_INFINITY, settled);
    if (lane.inline?.takes) lane.inline.run(job);
    else this.#accept(job);
    return settled.promise;
  }

  /** What a request is called whose caller has not named it, but that has to have a name. */
  nextRequestId(): string {
    return `r-${++this.#requests}`;
  }

  /** Calls a function that the component exports; see `engine.call`. */
  call(lane: Lane, func: PreparedCall, call: ProcessOptions, onOutcome?: Job['onOutcome']): Promise<unknown> {
    // Not an async function: its turns of the microtask queue would tear batches apart.
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const job = this.#job(lane, '', [], call, { resolve: () => resolve(job.takeValue()), reject });
    job.onOutcome = onOutcome;
    job.call = func;
    this.#admit(job, call, 'here');
    return promise;
  }

  /**
   * Takes one request in. Never throws: what is wrong with it is told to its listener, which may be before this returns.
   *
   * @param where `here` for what may run on this thread, before this returns, where its lane is placed there.
   */
  submit(
    lane: Lane,
    input: string,
    options: RequestOptions,
    call: ProcessOptions,
    onOutcome: Job['onOutcome'],
    listener: JobListener,
    func?: PreparedCall,
    where: 'queue' | 'here' = 'queue',
  ): Job {
    const job = this.#job(lane, input, options, call, listener);
    job.onOutcome = onOutcome;
    job.call = func;
    this.#admit(job, call, where);
    return job;
  }

  #job(lane: Lane, input: string, options: RequestOptions, call: ProcessOptions, listener: JobListener): Job {
    const id = call.requestId ?? ++this.#requests;
    const job = new Job('process', lane, input, options, id, call.priority ?? 0, listener);
    job.askedAt = this.#clock.now;
    return job;
  }

  #admit(job: Job, call: ProcessOptions, where: 'queue' | 'here'): void {
    job.observation = observe(job);
    // Those who wait for room come first: a worker that begins a request makes some, and no event tells of it.
    this.#admission.admitWaiting();
    const refusal = this.#refusals.of(job, call) ?? job.lane.gate?.admit(job);
    // A gate may have had another lane take it.
    // Who waits for the streams of its caller would wait for itself here.
    const inline = where === 'here' && job.call?.kind !== 'conversation' ? job.lane.inline : undefined;
    if (refusal !== undefined) job.reject(refusal);
    else if (inline?.takes) inline.run(job);
    else this.#admission.enter(job, call.whenFull);
    if (job.state !== 'settled') job.watch(call.deadlineMs, call.signal, this.#withdrawals.onExpired);
  }

  /**
   * Queues a block of requests. It passes no gate: lanes that have one are not for blocks.
   *
   * @returns What it can be aborted by. Its listener may hear of its end before this returns.
   */
  submitBlock(lane: Lane, block: Block, call: ProcessOptions): void {
    const { count, firstLine } = block.source;
    const job = new BlockJob(lane, block, call.priority ?? 0, { from: 0, at: 0, line: firstLine, count });
    job.askedAt = this.#clock.now;
    job.takeBack = this.#withdrawals.ofBlock;
    this.#admission.admitWaiting();
    const refusal = this.#refusals.of(job, call);
    if (refusal !== undefined) job.reject(refusal);
    else this.#admission.enter(job, call.whenFull);
    if (job.state !== 'settled') job.watch(call.deadlineMs, call.signal, this.#withdrawals.onExpired);
  }

  /** Resolves when nothing of a lane waits, is queued or runs. */
  drain(lane: Lane): Promise<void> {
    return this.#drains.drain(lane);
  }

  /** Has what has not begun pass the lane's gate again, which has closed meanwhile; at the end of this turn. */
  reroute(lane: Lane): void {
    this.#withdrawals.reroute(lane);
  }

  /** Fails everything of a lane, ending the workers that run it. */
  abandon(lane: Lane, error: (job: Job) => PluginError): void {
    this.#withdrawals.abandon([lane], error);
  }

  /** The same for every lane, and for everything that comes later. */
  abandonAll(error: (job: Job) => PluginError): void {
    this.#refusal = error;
    this.#withdrawals.abandon([...this.#queue.lanes()], error);
  }

  /** Closes a drained lane; resolves when its instances are shut down, wherever they are. */
  async close(lane: Lane): Promise<void> {
    this.#queue.removeLane(lane);
    if (lane.pin !== undefined) {
      lane.pin.remove();
      this.#sessionThreads.leave(lane.threadClass);
    }
    // Whoever gave everything up does not wait for last words.
    lane.inline?.close(this.#refusal === undefined ? 'shutdown' : 'at once');
    await this.#supervisor.retirements.retire(lane);
    lane.moveOut();
    this.#book.close(lane);
  }

  /** Ends every thread. Nothing may be outstanding. */
  end(): Promise<void> {
    this.#dispatcher.end();
    return this.#supervisor.close();
  }

  // -- into the queue -------------------------------------------------------------------------------------------

  #accept(job: Job): void {
    const lost = job.lane.pin?.state === 'lost' ? threadGone(job) : undefined;
    const refusal =
      this.#refusal?.(job) ?? lost ?? (this.#stuck.hasThreads(job.lane) ? undefined : this.#stuck.error(job));
    if (refusal !== undefined) {
      job.reject(refusal);
      return;
    }
    this.#admission.book(job);
    this.#queue.push(job);
    if (this.#flush === 'scheduled' || !this.#dispatcher.hasTurn) return;
    // At the end of this turn: whatever the callers ask for until then travels in the same batch.
    this.#flush = 'scheduled';
    nextTick(() => {
      this.#flush = 'none';
      this.#dispatcher.dispatch();
      // Where no thread takes it, because none can be started for instance, somebody has to look again.
      if (this.#queue.size > 0) this.#supervisor.watch();
    });
  }

  /** Whatever waited with a lane may have left. */
  checkDrained(lane: Lane): void {
    this.#drains.check(lane);
  }

  // -- out of the queue -----------------------------------------------------------------------------------------

  /** Something has ended or begun: there may be room in the queue, or a thread for what is in it. */
  #progress(): void {
    this.#admission.admitWaiting();
    this.#dispatcher.dispatch();
  }

  #done(batch: Batch): void {
    batch.letGo(true);
    this.#requeue(batch.recallAll());
    this.#dispatcher.ended(batch);
  }

  /** A thread does not end: its tenant holds it, and if that is all it may hold, nothing of it will run. */
  #onStuck(work: Batch | Retirement): void {
    this.#stuck.add(work);
    for (const lane of this.#queue.lanes()) {
      if (!this.#stuck.hasThreads(lane)) this.abandon(lane, (job) => this.#stuck.error(job));
    }
  }

  #onGone(work: Batch | Retirement): void {
    this.#stuck.remove(work);
    this.#queue.forget(work.lane.tenant);
  }

  #requeue(jobs: readonly Job[]): void {
    this.#listener.onTakenBack?.(jobs);
    for (const job of jobs) if (job.state === 'taken') this.#queue.unshift(job);
  }

  #unavailable(threadClass: ThreadClass, error: PluginError): void {
    for (const lane of this.#queue.lanes()) {
      if (lane.threadClass === threadClass) this.abandon(lane, (job) => job.error(error.code, error.message, error));
    }
  }
}

/** What a session on a thread fails with that was ended: for another session of the plugin, or because its heap was full. */
function threadGone(job: Job): PluginError {
  return job.error('ERR_SESSION_ENDED', 'The thread of the session was ended, and its instance with it', {
    hint: 'Another session of the plugin was killed on it, or it had to be replaced. Open a new session.',
  });
}
