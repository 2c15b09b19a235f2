import type { PluginThread } from '../pool/plugin-thread.ts';
import type { ThreadClass } from '../pool/thread-class.ts';
import { addressSpace } from './address-space.ts';
import { Batch } from './batch.ts';
import { BatchCutter, HALF_SLICE_MS, halfBatch, type Room, wholeBatch } from './batch-cutter.ts';
import { BlockBatch } from './block-batch.ts';
import { BlockJob } from './block-job.ts';
import { ConcurrentBatch } from './concurrent-batch.ts';
import { leavesToOthers } from './conduct.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { Placement } from './placement.ts';
import { isForSessions } from './session-threads.ts';
import type { Supervisor } from './supervisor.ts';

/** Milliseconds of a request up to which it travels with those of others. */
const SHORT_MS = 0.25;
/** Milliseconds that making an instance takes, about. */
const INSTANCE_MS = 0.25;
/** The last free thread is not for a plugin that has just cost one: with a second it does not wait until one has started. */
const SPARES_FOR_BAD = 2;
/** Parts that a batch is divided into at first, where there are as many groups that want some of it. */
const MOST_SHARES = 8;

/** Chooses whose turn it is, and sends batches to free threads (invariant 3). */
export class Dispatcher {
  readonly #threads: number;
  readonly #maxThreads: number;
  readonly #queue: FairQueue;
  readonly #supervisor: Supervisor;
  readonly #cutter: BatchCutter;
  readonly #placement: Placement;
  readonly #onRoom: () => void;
  readonly #onSending: ((jobs: readonly Job[]) => void) | undefined;
  /** Batches that count against `threads`: all but those that run long. */
  #active = 0;
  /** Those that run long, on threads that are for all. */
  #long = 0;
  /** Those that do not, but are of groups that are not known to behave. */
  readonly #unproven = new Set<Batch>();
  /** Those that take more of what their lanes have. */
  readonly #open = new Set<ConcurrentBatch>();
  /** The lane that waits longest for memory: others leave it room. */
  #short: Lane | undefined;

  /**
   * @param threads How many batches may run at once, those that run long not counted.
   * @param maxThreads How many threads there may be in all.
   * @param onRoom Another engine has given addresses back.
   * @param onSending These jobs are about to be handed to a thread.
   */
  constructor(
    threads: number,
    maxThreads: number,
    queue: FairQueue,
    supervisor: Supervisor,
    onRoom: () => void,
    onSending: ((jobs: readonly Job[]) => void) | undefined,
  ) {
    this.#threads = threads;
    this.#maxThreads = maxThreads;
    this.#queue = queue;
    this.#supervisor = supervisor;
    this.#cutter = new BatchCutter(queue);
    this.#placement = new Placement(supervisor.pool, threads, (thread) => supervisor.isTiedUp(thread));
    this.#onRoom = onRoom;
    this.#onSending = onSending;
  }

  /** Whether one more batch may run, or wait for one that runs. */
  get hasTurn(): boolean {
    return this.#open.size > 0 || this.#active < this.#threads || this.#supervisor.waiting < this.#active;
  }

  /** It is a batch's turn. */
  begins(batch: Batch): void {
    this.#active++;
    if (batch.lane.tenant.conduct.state !== 'good' && !isForSessions(batch.thread)) this.#unproven.add(batch);
  }

  /** A batch runs long: it no longer counts. */
  runsLong(batch: Batch): void {
    this.#unproven.delete(batch);
    this.#active--;
    if (!isForSessions(batch.thread)) this.#long++;
    batch.lane.tenant.conduct.tookLong();
  }

  /** A batch waits for the host: it does not count until it goes on. */
  released(): void {
    this.#active--;
  }

  /** A batch has ended. */
  ended(batch: Batch): void {
    this.#unproven.delete(batch);
    if (batch instanceof ConcurrentBatch) this.#open.delete(batch);
    const finished = batch.parts.reduce((sum, part) => sum + part.finished, 0);
    if (finished > 0 && batch.introduced.size === 0)
      this.#placement.measured(batch.thread, batch.berth.mailbox.busyTime, finished);
    if (batch.pace === 'normal') this.#active--;
    else if (!isForSessions(batch.thread)) this.#long--;
  }

  /** A batch that did not count goes on. */
  resumed(): void {
    this.#active++;
  }

  /** Nothing is to be sent any more. */
  end(): void {
    addressSpace.forget(this.#onRoom);
  }

  /** Sends batches until there is no thread or nothing for one. */
  dispatch(): void {
    const { pool, memory } = this.#supervisor;
    const threads = this.#threads;
    for (const batch of this.#open) this.#feed(batch);
    while (this.#active < threads) {
      const { left, reserved } = this.#leftOver();
      if (this.#short?.size === 0) this.#short = undefined;
      // A thread that is still starting is none yet: under a storm of kills most of them are.
      const { idle, starting } = pool.counts;
      const last = idle - pool.forSessions.idle < 2;
      // While some run long and another thread will come, the one that is there is for plugins that behave.
      const growing = this.#long > 0 && (starting > 0 || pool.size < this.#maxThreads);
      const missing = new Map<ThreadClass, number>();
      let spinning: number | undefined;
      let thread: PluginThread | undefined;
      const lane = this.#queue.next((candidate) => {
        const { tenant, threadClass } = candidate;
        // No plugin has more threads than `threads`. The last free one goes to none that has a thread already, and to none
        // that was killed just now: or plugins that are killed over and over would hold all of them by turns (invariant 3).
        if (candidate.service !== 'on') return false;
        const isApart = isForSessions(candidate);
        if (tenant.held >= threads && !isApart) return false;
        // Nor may those that run long be all that there are, whoever they are: some are for plugins that behave.
        if (!isApart && left <= leavesToOthers(tenant.conduct, tenant.held, reserved)) return false;
        // More of those that have cost a thread than there are processors get nothing done sooner, and take time from others.
        if (tenant.conduct.state === 'bad') {
          spinning ??= this.#spinning();
          if (spinning >= threads) return false;
        }
        const mayBeLong = growing && tenant.conduct.state !== 'good';
        // Nobody else has the thread of a session.
        if (
          !isApart &&
          last &&
          (tenant.held > 0 || candidate.lastBatch === 'lost' || mayBeLong) &&
          pool.startable(threadClass)
        ) {
          missing.set(threadClass, 2);
          return false;
        }
        if (!memory.fits(candidate, candidate === this.#short ? undefined : this.#short)) {
          this.#short ??= candidate;
          return false;
        }
        thread = this.#placement.of(candidate);
        if (thread !== undefined) return true;
        if (!pool.hasIdle(threadClass)) missing.set(threadClass, 1);
        return false;
      });
      if (lane === this.#short) this.#short = undefined;
      // Before more threads are asked for: at the bound that ends an idle one, which may be the one chosen here.
      if (lane !== undefined) this.#send(lane, thread!);
      for (const [threadClass, count] of missing) pool.want(threadClass, count);
      if (lane === undefined) break;
    }
    if (this.#short === undefined) {
      if (this.#queue.size > 0) this.#sendAhead();
      return;
    }
    this.#supervisor.retirements.makeRoom(this.#short);
    addressSpace.whenGivenBack(this.#onRoom);
    this.#makeRoomHere(this.#short);
  }

  /** Adds what its lane has queued to an open batch; where others wait for a thread, it is to come to its end. */
  #feed(batch: ConcurrentBatch): void {
    const { lane } = batch;
    if (batch.room <= 0 || lane.size === 0 || lane.size < this.#queue.size || lane.service !== 'on') return;
    if (lane.first?.kind !== 'process' || batch.thread.fate !== 'stays' || batch.thread.status.heapIsTight) return;
    const jobs = this.#cutter.cut(lane, 1, { ...wholeBatch(), slots: batch.room });
    if (jobs[0]?.call?.kind === 'conversation') this.#queue.unshift(jobs.pop()!);
    if (jobs.length > 0) {
      this.#onSending?.(jobs);
      for (const job of batch.add(jobs)) this.#queue.unshift(job);
    }
    this.#cutter.tell();
  }

  /** Has instances on this thread go, the one that was not used for longest first, until a lane's would fit. */
  #makeRoomHere(lane: Lane): void {
    const inlines = [...this.#queue.lanes()].flatMap(({ inline }) => inline ?? []);
    for (const inline of inlines.sort((a, b) => a.usedAt - b.usedAt)) {
      if (this.#supervisor.memory.fits(lane)) return;
      inline.close('shutdown');
    }
  }

  /**
   * Gives threads that work what they are to do next, so that they need not wait for this one when they are done. Only what is
   * known to be short waits, behind nothing but the same; and nothing does where it is another's turn, who needs the thread
   * for itself: with orders that wait it would never be free.
   */
  #sendAhead(): void {
    for (const leader of this.#supervisor.leaders()) {
      const { thread, jobs } = leader;
      const share = this.#queue.size / Math.max(this.#active - this.#supervisor.waiting, 1);
      if (leader.isAlone || jobs[0]!.kind === 'prepare' || this.#unproven.has(leader) || !isShort(leader.lane))
        continue;
      // Two small orders cost more than one that is waited for.
      if (share * this.#placement.paceOf(thread) < HALF_SLICE_MS) continue;
      const lane = this.#queue.next((candidate) => {
        if (leader.isAlone) return false;
        if (this.#mayWait(candidate, thread)) return true;
        leader.isAlone = this.#needs(candidate, thread);
        return false;
      });
      if (lane === undefined) leader.isAlone = true;
      else this.#send(lane, thread, leader);
    }
  }

  /** Whether requests of a lane may wait for a thread that works. */
  #mayWait(lane: Lane, thread: PluginThread): boolean {
    if (lane.serviceMs === undefined || !isShort(lane) || lane.tenant.conduct.state !== 'good') return false;
    if (lane.service !== 'on' || lane.lastBatch === 'lost' || lane.first?.kind === 'prepare') return false;
    return this.#placement.admits(lane, thread) && this.#supervisor.memory.fitsOn(thread, lane);
  }

  /** Whether a lane that may not wait for a thread could have it once it is free, or has to have its place. */
  #needs(lane: Lane, thread: PluginThread): boolean {
    const { pool } = this.#supervisor;
    if (lane.service !== 'on' || lane.tenant.held >= this.#threads) return false;
    if (lane.threadClass !== thread.threadClass)
      return pool.size >= this.#maxThreads && !pool.hasIdle(lane.threadClass);
    return lane.homes.size === 0 || lane.homes.has(thread) || lane.first?.kind === 'prepare';
  }

  /** How many threads neither run long, nor might, nor are about to end; and how many are for plugins that behave. */
  #leftOver(): { readonly left: number; readonly reserved: number } {
    const { ending, stuck } = this.#supervisor.pool.counts;
    const usable = this.#maxThreads - ending - stuck - this.#supervisor.pool.forSessions.all;
    const reserved = Math.min(this.#threads, this.#maxThreads - this.#threads, usable - 1);
    return { left: usable - this.#long - this.#unproven.size, reserved: Math.max(reserved, 0) };
  }

  /** Batches of groups that have cost a thread, but for those that sleep or wait for the host. */
  #spinning(): number {
    let spinning = 0;
    for (const { lane, thread } of this.#supervisor.batches()) {
      if (lane.tenant.conduct.state !== 'bad') continue;
      if (!thread.status.asleep && !this.#supervisor.hostCalls.holds(thread)) spinning++;
    }
    return spinning;
  }

  #send(lane: Lane, thread: PluginThread, leader?: Batch): void {
    this.#sendCut(lane, thread, leader);
    this.#cutter.tell();
  }

  /** @param leader What the batch waits for at its thread; none when that is free. */
  #sendCut(lane: Lane, thread: PluginThread, leader?: Batch): void {
    const { pool, memory, waiting } = this.#supervisor;
    const free = leader === undefined ? this.#threads - this.#active : this.#active - waiting;
    const room = leader === undefined ? wholeBatch() : halfBatch();
    const mixes = isShort(lane);
    const jobs = this.#cutter.cut(lane, free, room, mixes ? Math.min(this.#queue.width, MOST_SHARES) : 1);
    if (jobs.length === 0) return;
    if (leader === undefined) pool.take(thread, lane.tenant.conduct.state === 'bad' ? SPARES_FOR_BAD : 1);
    memory.begin(thread, lane);
    if (mixes && jobs[0]!.kind === 'process') this.#fill(jobs, lane, thread, room, free);
    this.#onSending?.(jobs);
    const batch = batchOf(thread, jobs);
    if (batch instanceof ConcurrentBatch) this.#open.add(batch);
    if (leader === undefined) this.#supervisor.run(batch);
    else this.#supervisor.runBehind(leader, batch);
  }

  /** Has requests of other lanes travel with those of the first, which are known to be short like them. */
  #fill(jobs: Job[], first: Lane, thread: PluginThread, room: Room, free: number): void {
    const { memory } = this.#supervisor;
    const { conduct } = first.tenant;
    const { left, reserved } = this.#leftOver();
    const sharers = Math.min(this.#queue.width, MOST_SHARES);
    const lanes = new Set([first]);
    for (let before = -1; before < jobs.length; ) {
      before = jobs.length;
      this.#queue.offer((lane) => {
        if (room.slots <= 0 || room.milliseconds <= 0) return 'full';
        const { tenant } = lane;
        if (tenant.conduct.state !== conduct.state || !isShort(lane)) return 'passed';
        if (lane.service !== 'on' || lane.lastBatch === 'lost' || lane.first?.kind !== 'process') return 'passed';
        if (tenant.held >= this.#threads || left <= leavesToOthers(tenant.conduct, tenant.held, reserved))
          return 'passed';
        if (!this.#placement.admits(lane, thread)) return 'passed';
        if (!thread.definitions.has(lane.id)) {
          if (!memory.fitsOn(thread, lane, this.#short)) return 'passed';
          room.milliseconds -= INSTANCE_MS;
        } else if (!memory.fitsOn(thread, lane, this.#short)) return 'passed';
        const more = this.#cutter.cut(lane, free, room, sharers);
        if (more.length === 0) return 'passed';
        if (!lanes.has(lane)) memory.begin(thread, lane);
        lanes.add(lane);
        for (const job of more) jobs.push(job);
        return 'taken';
      });
    }
  }
}

function batchOf(thread: PluginThread, jobs: readonly Job[]): Batch {
  const first = jobs[0]!;
  if (first instanceof BlockJob) return new BlockBatch(thread, first);
  const isOpen = first.lane.concurrency > 1 && first.kind === 'process' && first.call?.kind !== 'conversation';
  return isOpen ? new ConcurrentBatch(thread, jobs) : new Batch(thread, jobs);
}

/** Whether requests of a lane may wait in one batch with those of others: as far as is known, none takes long. */
function isShort({ serviceMs, hostFunctions, concurrency, definition: { policy } }: Lane): boolean {
  if (concurrency > 1) return false;
  // A call of a function on this thread is the batch's; and what shuts instances down as it goes is nobody's request.
  if (hostFunctions.size > 0 || policy.instances === 'fresh') return false;
  return policy.maxRequestsPerInstance === Number.MAX_SAFE_INTEGER && (serviceMs ?? 0) <= SHORT_MS;
}
