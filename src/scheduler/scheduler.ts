import type { PluginDefinition } from '../artifact/definition.ts';
import type { FunctionCall, PluginMetadata, PluginResponse, RequestOptions, Utterance } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { Book } from '../observe/book.ts';
import { TurnClock } from '../observe/clock.ts';
import { observe } from '../observe/observation.ts';
import type { ThreadCounts, VersionSnapshot } from '../observe/snapshot.ts';
import { VersionMetrics } from '../observe/version-metrics.ts';
import { SLOTS } from '../pool/mailbox-layout.ts';
import { type ThreadClass, threadClassOf } from '../pool/thread-class.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { addressSpace, RESERVED_BYTES } from './address-space.ts';
import { Batch } from './batch.ts';
import type { Block } from './block.ts';
import { BlockBatch } from './block-batch.ts';
import { BlockJob } from './block-job.ts';
import { FairQueue } from './fair-queue.ts';
import { Job, type JobListener } from './job.ts';
import { Lane } from './lane.ts';
import { Retirement } from './retirement.ts';
import { type StuckThread, Supervisor, type Termination } from './supervisor.ts';
import { WaitingRoom } from './waiting-room.ts';

/** Milliseconds of work that one batch is made to take: long against the cost of dispatch, short against a deadline. */
const SLICE_MS = 1;
/** Requests in the first batches of a plugin, whose service time is not known yet. */
const FIRST_BATCH = 8;
/** Work that is spread over the free threads; less than this is not worth a second dispatch. */
const SPREAD_MS = 0.25;

/** Milliseconds of a block's work that a thread takes at a time; handing over so many records costs more. */
const BLOCK_SLICE_MS = 3;
/** Records of one block at the most. */
const LONGEST_BLOCK = 4096;
/** Records of a block at first, while nobody knows how long one takes. */
const FIRST_STRETCH = 32;

/** What the scheduler reports. */
export interface SchedulerListener {
  readonly onUtterance: (lane: Lane, requestId: string | undefined, utterance: Utterance) => void;
  readonly onTermination: (termination: Termination) => void;
  readonly onStuck: (thread: StuckThread) => void;
}

/** The scheduler's part of the engine's options, all resolved. */
export interface SchedulerOptions {
  readonly threads: number;
  readonly maxThreads: number;
  readonly maxTotalMemoryBytes: number;
  readonly queueLimit: number;
  readonly pluginQueueLimit: number;
  readonly whenFull: 'reject' | 'wait';
  readonly metrics: 'on' | 'off';
}

/** Takes requests into the bounded queue, chooses whose turn it is, and cuts batches for free threads. */
export class Scheduler {
  readonly #book = new Book<Lane>();
  readonly #options: SchedulerOptions;
  readonly #supervisor: Supervisor;
  readonly #queue = new FairQueue();
  readonly #waiting = new WaitingRoom();
  readonly #clock = new TurnClock();
  readonly #drained = new Map<Lane, PromiseWithResolvers<void>>();
  /** Jobs that were taken in and are not settled. */
  #outstanding = 0;
  /** Batches that count against `threads`: all but those that run long. */
  #active = 0;
  /** The lane that waits longest for memory: others leave it room. */
  #short: Lane | undefined;
  /** What threads did that were told to end and have not. */
  readonly #stuckWork = new Set<Batch | Retirement>();
  #lanes = 0;
  #requests = 0;
  #flush: 'none' | 'scheduled' = 'none';
  /** Whether callers give up requests in this turn, so that more may follow. */
  #givingUp: 'no' | 'this turn' = 'no';
  /** What every job fails with from now on, if any may not run any more. */
  #refusal: ((job: Job) => PluginError) | undefined;

  constructor(options: SchedulerOptions, listener: SchedulerListener) {
    this.#options = options;
    this.#supervisor = new Supervisor(options, {
      ...listener,
      onDone: (batch, milliseconds) => this.#done(batch, milliseconds),
      onLost: (batch) => this.#lost(batch),
      onRecalled: (jobs) => this.#requeue(jobs),
      onLong: () => {
        this.#active--;
        this.#dispatch();
      },
      onFree: () => this.#progress(),
      onProgress: () => this.#progress(),
      onUnavailable: (threadClass, error) => this.#unavailable(threadClass, error),
      onStuck: (work, thread) => {
        this.#stuck(work);
        listener.onStuck(thread);
      },
      onGone: (work) => this.#gone(work),
    });
  }

  /** How many requests have not begun: in the queue or in a mailbox (invariant 6). */
  get depth(): number {
    let depth = this.#queue.size;
    for (const batch of this.#supervisor.batches()) depth += batch.notBegun;
    return depth;
  }

  /** What is known of every version of every plugin. */
  versions(): VersionSnapshot[] {
    return this.#book.snapshot((lane) => this.#depthOf(lane));
  }

  /** How many requests of a lane have not begun. */
  #depthOf(lane: Lane): number {
    let depth = lane.size;
    for (const batch of this.#supervisor.batches()) if (batch.lane === lane) depth += batch.notBegun;
    return depth;
  }

  /** Threads, by what they are doing. */
  get threads(): Readonly<ThreadCounts> {
    return this.#supervisor.pool.counts;
  }

  /**
   * Opens a lane for one version of a plugin.
   *
   * @throws {PluginError} `ERR_MEMORY_LIMIT` when one instance could take more than the engine has for all.
   */
  open(definition: PluginDefinition): Lane {
    assertCouldFit(definition, this.#options.maxTotalMemoryBytes);
    const tenant = this.#queue.tenant(definition.plugin);
    const metrics = new VersionMetrics(this.#options.metrics);
    const lane = new Lane(++this.#lanes, definition, threadClassOf(definition.policy), tenant, metrics);
    tenant.lanes.add(lane);
    this.#book.open(lane);
    return lane;
  }

  /** Makes one instance and asks it for its metadata. */
  prepare(lane: Lane): Promise<PluginMetadata | undefined> {
    const settled = Promise.withResolvers<PluginMetadata | undefined>();
    this.#accept(new Job('prepare', lane, '', [], '', Number.POSITIVE_INFINITY, settled));
    return settled.promise;
  }

  /** What a request is called whose caller has not named it, but that has to have a name. */
  nextRequestId(): string {
    return `r-${++this.#requests}`;
  }

  /** Calls a function that the component exports; see `engine.call`. */
  async call(
    lane: Lane,
    input: string,
    func: FunctionCall,
    call: ProcessOptions,
    onOutcome?: Job['onOutcome'],
  ): Promise<unknown> {
    const settled = Promise.withResolvers<PluginResponse>();
    const job = this.submit(lane, input, [], call, onOutcome, settled, func);
    await settled.promise;
    return job.value;
  }

  /**
   * Queues one request. Never throws: what is wrong with it is told to its listener, which may be before this returns.
   */
  submit(
    lane: Lane,
    input: string,
    options: RequestOptions,
    call: ProcessOptions,
    onOutcome: Job['onOutcome'],
    listener: JobListener,
    func?: FunctionCall,
  ): Job {
    const job = new Job(
      'process',
      lane,
      input,
      options,
      call.requestId ?? ++this.#requests,
      call.priority ?? 0,
      listener,
    );
    job.call = func;
    job.askedAt = this.#clock.now;
    job.onOutcome = onOutcome;
    job.observation = observe(job);
    const { signal } = call;
    // Those who wait for room come first: a worker that begins a request makes some, and no event tells of it.
    this.#admitWaiting();
    const refusal = signal?.aborted
      ? job.error('ERR_ABORTED', 'The request was aborted before it began', { cause: signal.reason })
      : lane.gate?.admit(job);
    if (refusal !== undefined) job.reject(refusal);
    else if (this.#hasRoom(job)) this.#accept(job);
    else if ((call.whenFull ?? this.#options.whenFull) === 'wait') this.#waiting.push(job);
    else job.reject(this.#queueFull(job));
    if (job.state !== 'settled') job.watch(call.deadlineMs, signal, this.#onExpired);
    return job;
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
    job.takeBack = this.#takeBack;
    const { signal } = call;
    this.#admitWaiting();
    if (signal?.aborted) {
      job.reject(job.error('ERR_ABORTED', 'The request was aborted before it began', { cause: signal.reason }));
    } else if (this.#hasRoom(job)) this.#accept(job);
    else if ((call.whenFull ?? this.#options.whenFull) === 'wait') this.#waiting.push(job);
    else job.reject(this.#queueFull(job));
    if (job.state !== 'settled') job.watch(call.deadlineMs, signal, this.#onExpired);
  }

  readonly #takeBack = (job: BlockJob): readonly Job[] => {
    const { batch, state } = job;
    if (state === 'waiting') this.#waiting.remove(job);
    else if (state === 'queued') this.#queue.remove(job);
    else return batch instanceof Batch ? batch.recallAll() : [];
    return [job];
  };

  /** The most requests that one block may be: more would find no room in the queue. */
  get longestBlock(): number {
    const { queueLimit, pluginQueueLimit } = this.#options;
    return Math.max(Math.min(queueLimit, pluginQueueLimit, LONGEST_BLOCK), 1);
  }

  /** Resolves when nothing of a lane waits, is queued or runs. */
  async drain(lane: Lane): Promise<void> {
    if (lane.idle) return;
    const drained = this.#drained.get(lane) ?? Promise.withResolvers<void>();
    this.#drained.set(lane, drained);
    await drained.promise;
  }

  /** Has what has not begun pass the lane's gate again, which has closed meanwhile; at the end of this turn. */
  reroute(lane: Lane): void {
    if (lane.service === 'rerouting') return;
    lane.service = 'rerouting';
    // Not at once: this may be in the middle of a batch whose jobs go back into the queue next.
    process.nextTick(() => {
      lane.service = 'on';
      for (const batch of this.#supervisor.batches()) if (batch.lane === lane) this.#requeue(batch.recallAll());
      const waiting = this.#waiting.take(lane);
      const queued = this.#queue.take(lane);
      for (const job of waiting) if (job.state === 'taken') this.#readmit(job, 'waiting');
      for (const job of queued) if (job.state === 'taken') this.#readmit(job, 'queued');
      this.#checkDrained(lane);
      this.#progress();
    });
  }

  #readmit(job: Job, before: 'waiting' | 'queued'): void {
    const refusal = job.lane.gate?.admit(job);
    if (refusal !== undefined) job.reject(refusal);
    else if (before === 'waiting') this.#waiting.push(job);
    else if (this.#hasRoom(job)) this.#queue.push(job);
    else {
      // There is no room with the plugin that takes it instead. It was taken in once, so it is not refused.
      job.onSettled = undefined;
      this.#outstanding -= job.booked;
      this.#waiting.push(job);
    }
  }

  /** Fails everything of a lane, ending the workers that run it. */
  abandon(lane: Lane, error: (job: Job) => PluginError): void {
    this.#abandon([lane], error);
  }

  /** The same for every lane, and for everything that comes later. */
  abandonAll(error: (job: Job) => PluginError): void {
    this.#refusal = error;
    this.#abandon([...this.#queue.lanes()], error);
  }

  /** First all are taken out of reach, then they are told, which takes longer than a worker needs for the next one. */
  #abandon(lanes: readonly Lane[], error: (job: Job) => PluginError): void {
    const concerned = new Set(lanes);
    const batches = [...this.#supervisor.batches()].filter(({ lane }) => concerned.has(lane));
    const jobs = batches.flatMap((batch) => batch.recallAll());
    for (const lane of lanes) jobs.push(...this.#waiting.take(lane), ...this.#queue.take(lane));
    for (const job of jobs) job.reject(error(job));
    for (const batch of batches) {
      const { running } = batch;
      if (running !== undefined) this.#supervisor.kill(batch, running, error(running));
      // What is done and not yet told of is told of now: after a close by force nobody looks again.
      else this.#supervisor.collect(batch);
    }
    for (const lane of lanes) this.#checkDrained(lane);
  }

  /** Closes a drained lane; resolves when its instances are shut down, wherever they are. */
  async close(lane: Lane): Promise<void> {
    this.#queue.removeLane(lane);
    await this.#supervisor.retire(lane);
    this.#book.close(lane);
  }

  /** Ends every thread. Nothing may be outstanding. */
  end(): Promise<void> {
    addressSpace.forget(this.#onRoom);
    return this.#supervisor.close();
  }

  // -- into the queue -------------------------------------------------------------------------------------------

  #hasRoom({ lane, weight }: Job): boolean {
    const { queueLimit, pluginQueueLimit } = this.#options;
    // Counting what has not begun means looking into mailboxes; while all that is outstanding fits, there is no need.
    if (this.#outstanding + weight <= Math.min(queueLimit, pluginQueueLimit)) return true;
    if (this.depth + weight > queueLimit) return false;
    return pluginQueueLimit >= queueLimit || this.#depthOfTenant(lane) + weight <= pluginQueueLimit;
  }

  #depthOfTenant({ tenant }: Lane): number {
    let depth = tenant.queued;
    for (const batch of this.#supervisor.batches()) if (batch.lane.tenant === tenant) depth += batch.notBegun;
    return depth;
  }

  #queueFull(job: Job): PluginError {
    const name = this.depth + job.weight > this.#options.queueLimit ? 'queueLimit' : 'pluginQueueLimit';
    const limit = { name, value: this.#options[name] };
    const message = `The queue holds ${limit.value} requests${name === 'pluginQueueLimit' ? ' of the plugin' : ''}, its limit`;
    return job.error('ERR_QUEUE_FULL', message, {
      limit,
      hint: `Try again later, pass \`whenFull: 'wait'\`, or raise \`${name}\`.`,
    });
  }

  #accept(job: Job): void {
    const refusal = this.#refusal?.(job) ?? (this.#hasThreads(job.lane) ? undefined : this.#withoutThreads(job));
    if (refusal !== undefined) {
      job.reject(refusal);
      return;
    }
    job.onSettled = this.#onSettled;
    job.booked = job.weight;
    this.#outstanding += job.booked;
    this.#queue.push(job);
    if (this.#flush === 'scheduled' || this.#active >= this.#options.threads) return;
    // At the end of this turn: whatever the callers ask for until then travels in the same batch.
    this.#flush = 'scheduled';
    process.nextTick(() => {
      this.#flush = 'none';
      this.#dispatch();
    });
  }

  /** One for all jobs, as closures are what the collector of garbage would have most of. */
  readonly #onSettled = ({ lane, booked }: Job): void => {
    this.#outstanding -= booked;
    this.#checkDrained(lane);
  };

  #checkDrained(lane: Lane): void {
    if (!lane.idle) return;
    this.#drained.get(lane)?.resolve();
    this.#drained.delete(lane);
  }

  /** The caller's own limit has passed. */
  readonly #onExpired = (job: Job, error: PluginError): void => {
    if (this.#givingUp === 'no') {
      this.#givingUp = 'this turn';
      // The first of many, it may be. What workers could begin while one after the other is told is taken back first.
      for (const batch of this.#supervisor.batches()) this.#requeue(batch.recallAll((other) => other.givenUp));
      process.nextTick(() => {
        this.#givingUp = 'no';
        this.#progress();
      });
    }
    const { batch, state } = job;
    if (state === 'waiting') this.#waiting.remove(job);
    else if (state === 'queued') this.#queue.remove(job);
    // Running: the watchdog ends its worker at its next look, unless it ends by itself until then.
    else if (batch !== undefined && !batch.recall(job)) {
      job.began = true;
      this.#supervisor.collectFrom(batch.thread);
    }
    job.reject(error);
    this.#checkDrained(job.lane);
  };

  // -- out of the queue -----------------------------------------------------------------------------------------

  /** Another engine has given addresses back. */
  readonly #onRoom = (): void => this.#progress();

  /** Something has ended or begun: there may be room in the queue, or a thread for what is in it. */
  #progress(): void {
    this.#admitWaiting();
    this.#dispatch();
  }

  #admitWaiting(): void {
    while (this.#waiting.size > 0) {
      const job = this.#waiting.shift((candidate) => this.#hasRoom(candidate));
      if (job === undefined) break;
      this.#accept(job);
    }
  }

  #dispatch(): void {
    const { pool, memory } = this.#supervisor;
    const { threads } = this.#options;
    while (this.#active < threads) {
      if (this.#short?.size === 0) this.#short = undefined;
      // A thread that is still starting is none yet: under a storm of kills most of them are.
      const last = pool.counts.idle < 2;
      const missing = new Map<ThreadClass, number>();
      const lane = this.#queue.next((candidate) => {
        const { tenant, threadClass } = candidate;
        // No plugin has more threads than `threads`. The last free one goes to none that has a thread already, and to none
        // that was killed just now: or plugins that are killed over and over would hold all of them by turns (invariant 3).
        if (tenant.held >= threads || candidate.service !== 'on') return false;
        if (last && (tenant.held > 0 || candidate.lastBatch === 'lost') && pool.startable(threadClass)) {
          missing.set(threadClass, 2);
          return false;
        }
        if (!memory.fits(candidate, candidate === this.#short ? undefined : this.#short)) {
          this.#short ??= candidate;
          return false;
        }
        if (pool.hasIdle(threadClass)) return true;
        missing.set(threadClass, 1);
        return false;
      });
      if (lane === this.#short) this.#short = undefined;
      // Before more threads are asked for: at the bound that ends an idle one, which may be the one chosen here.
      if (lane !== undefined) this.#send(lane);
      for (const [threadClass, count] of missing) pool.want(threadClass, count);
      if (lane === undefined) break;
    }
    if (this.#short === undefined) return;
    this.#supervisor.makeRoom(this.#short);
    addressSpace.whenGivenBack(this.#onRoom);
  }

  #send(lane: Lane): void {
    const jobs = this.#cut(lane);
    if (jobs.length === 0) return;
    const [block] = jobs;
    if (block instanceof BlockJob) this.#shorten(block);
    lane.tenant.held++;
    this.#active++;
    const thread = this.#supervisor.pool.take(lane.threadClass, lane.id);
    this.#supervisor.run(
      block instanceof BlockJob ? new BlockBatch(thread, lane, block) : new Batch(thread, lane, jobs),
    );
  }

  /** The next jobs of a lane, but those that are given up. */
  #cut(lane: Lane): Job[] {
    const jobs: Job[] = [];
    const size = this.#batchSize(lane);
    while (jobs.length < size) {
      // A block travels alone.
      if (jobs.length > 0 && lane.first?.kind === 'block') break;
      const job = this.#queue.shift(lane);
      if (job === undefined) break;
      if (job.givenUp) job.expire();
      else jobs.push(job);
      if (job.kind === 'block') break;
    }
    return jobs;
  }

  /** Leaves a block's job what one thread takes of it; the rest goes back into the queue. */
  #shorten(job: BlockJob): void {
    const { lane, count } = job;
    const { serviceMs } = lane;
    const slice = serviceMs === undefined ? FIRST_STRETCH : Math.max(Math.floor(BLOCK_SLICE_MS / serviceMs), 1);
    // Where the lane has no more than this, all free threads get a part of it.
    const all = lane.size + count;
    const isLong = all * (serviceMs ?? SLICE_MS) > SPREAD_MS;
    const spread = isLong ? Math.ceil(all / (this.#options.threads - this.#active)) : count;
    const size = Math.min(slice, spread);
    if (size < count) this.#queue.unshift(job.split(size));
  }

  #batchSize(lane: Lane): number {
    if (lane.first?.kind === 'prepare') return 1;
    const { serviceMs } = lane;
    const slice = serviceMs === undefined ? FIRST_BATCH : Math.max(Math.floor(SLICE_MS / serviceMs), 1);
    const spread =
      lane.size * (serviceMs ?? SLICE_MS) > SPREAD_MS
        ? Math.ceil(lane.size / (this.#options.threads - this.#active))
        : lane.size;
    return Math.min(slice, spread, SLOTS);
  }

  #done(batch: Batch, milliseconds: number): void {
    this.#queue.charge(batch.lane.tenant, milliseconds);
    batch.lane.tenant.held--;
    batch.lane.lastBatch = 'done';
    this.#requeue(batch.recallAll());
    if (batch.jobs[0]?.kind !== 'prepare' && batch.finished > 0) batch.lane.measured(milliseconds, batch.finished);
    this.#ended(batch);
  }

  /** What ran until it was killed had its thread for as long as that, and pays for it. */
  #lost(batch: Batch): void {
    const milliseconds = performance.now() - batch.startedAt;
    this.#queue.charge(batch.lane.tenant, milliseconds);
    batch.lane.lastBatch = 'lost';
    this.#ended(batch);
  }

  #ended({ pace }: Batch): void {
    if (pace === 'normal') this.#active--;
  }

  /** A thread does not end: its tenant holds it, and if that is all it may hold, nothing of it will run. */
  #stuck(work: Batch | Retirement): void {
    const { tenant } = work.lane;
    this.#stuckWork.add(work);
    tenant.stuck++;
    if (work instanceof Retirement) tenant.held++;
    for (const lane of this.#queue.lanes()) {
      if (this.#hasThreads(lane)) continue;
      this.abandon(lane, (job) => this.#withoutThreads(job));
    }
  }

  #gone(work: Batch | Retirement): void {
    const { tenant } = work.lane;
    const wasStuck = this.#stuckWork.delete(work);
    if (wasStuck) tenant.stuck--;
    if (wasStuck || work instanceof Batch) tenant.held--;
    this.#queue.forget(tenant);
  }

  /** Whether there is a thread for a lane that does not have to end first, which it may never do. */
  #hasThreads({ tenant }: Lane): boolean {
    const { threads, maxThreads } = this.#options;
    return tenant.stuck < threads && this.#supervisor.pool.stuck < maxThreads;
  }

  /** The error of a job that would wait for a thread for ever (invariant 1). */
  #withoutThreads(job: Job): PluginError {
    const { threads, maxThreads } = this.#options;
    const { stuck } = job.lane.tenant;
    const limit = stuck < threads ? { name: 'maxThreads', value: maxThreads } : { name: 'threads', value: threads };
    const whose = stuck < threads ? 'the engine' : 'the plugin';
    const message = `${limit.value} threads of ${whose}, all that it may have, were told to end and have not ended`;
    return job.error('ERR_WORKER_CRASHED', message, {
      limit,
      hint: 'They are in code that nothing can interrupt; `engine.status()` shows how many are `stuck`. Unload what does that.',
    });
  }

  #requeue(jobs: readonly Job[]): void {
    for (const job of jobs) if (job.state === 'taken') this.#queue.unshift(job);
  }

  #unavailable(threadClass: ThreadClass, error: PluginError): void {
    for (const lane of this.#queue.lanes()) {
      if (lane.threadClass === threadClass) this.abandon(lane, (job) => job.error(error.code, error.message, error));
    }
  }
}

function assertCouldFit({ plugin, maxBytes, memories }: PluginDefinition, maxTotalMemoryBytes: number): void {
  if (maxBytes > maxTotalMemoryBytes) {
    const limit = { name: 'maxTotalMemoryBytes', value: maxTotalMemoryBytes };
    const message = `One instance may grow to ${maxBytes} bytes; the engine has ${limit.value} for all plugins`;
    const hint = 'Raise `maxTotalMemoryBytes` of the engine, or lower `maxMemoryBytes` in the policy.';
    throw new PluginError('ERR_MEMORY_LIMIT', message, { plugin, limit, hint });
  }
  const limit = { name: 'memories of the process', value: addressSpace.limit };
  if (memories <= limit.value) return;
  const message =
    `One instance has ${memories} memories, each of which reserves ${RESERVED_BYTES} bytes of addresses; ` +
    `the process has them for ${limit.value}`;
  const hint = 'Build the plugin of fewer core modules, or raise the limit on addresses of the process (`ulimit -v`).';
  throw new PluginError('ERR_MEMORY_LIMIT', message, { plugin, limit, hint });
}
