import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import type { PluginError } from '../errors.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import { Batch } from './batch.ts';
import { ConcurrentBatch } from './concurrent-batch.ts';
import { LONG_MS } from './effort.ts';
import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import { overrunError } from './overrun.ts';
import type { Retirement } from './retirement.ts';
import { TICK_MS, Watch } from './watch.ts';

/**
 * Ticks without work after which the watchdog sleeps; later where something is queued, for a thread that does not start, and
 * never while an instance waits to be shut down: that is tried again at its looks and nowhere else.
 */
const IDLE_TICKS = { no: 1, queued: 200, 'put off': Number.POSITIVE_INFINITY } as const;

/**
 * Milliseconds by the clock after which a batch is long whatever its thread has worked, by the conduct of whose it is: on a
 * busy machine others are not to wait for those that are likely to loop.
 */
const PATIENCE_MS = { good: Number.POSITIVE_INFINITY, unknown: 3 * LONG_MS, bad: LONG_MS } as const;

/** What a thread is at. */
type Work = Batch | Retirement;

/** What the watchdog has the supervisor do. */
export interface WatchdogListener {
  /** Looks at what a thread has done so far; says whether it is still at it. */
  readonly collect: (work: Work) => boolean;
  /** A running job has to end, and its thread with it if need be, unless it is done by now. */
  readonly kill: (batch: Batch, job: Job, error: PluginError) => void;
  /** Guest code that is no request's has run over its limit, and has to end. */
  readonly endSection: (work: Work, lane: Lane, error: PluginError) => void;
  /** Whether what runs on a thread was told to end, and how it is looked at then. */
  readonly isInterrupted: (thread: PluginThread) => boolean;
  readonly onInterrupted: (work: Work, now: number) => void;
  /** What has not begun of a batch, or waits behind it at its worker, has to go elsewhere. */
  readonly takeBack: (batch: Batch) => void;
  /** A batch has worked for long, and what is left of it is this lane's. */
  readonly onLong: (batch: Batch, lane: Lane) => void;
  /** Whether anything is queued, or put off until the next look. */
  readonly isWaitedFor: () => 'no' | 'queued' | 'put off';
  /** It has looked at everything, or is about to. */
  readonly onTick: (when: 'before' | 'after') => void;
}

/** Looks at every thread that is at work every {@link TICK_MS}, and decides which of them have to die. */
export class Watchdog {
  readonly #work: ReadonlyMap<PluginThread, Work>;
  readonly #waitsForHost: (thread: PluginThread) => boolean;
  readonly #listener: WatchdogListener;
  readonly #watches = new WeakMap<PluginThread, Watch>();
  #ticker: NodeJS.Timeout | undefined;
  #idleTicks = 0;

  /**
   * @param work What threads are at now.
   * @param waitsForHost Whether a thread waits for a function of the embedder's.
   */
  constructor(
    work: ReadonlyMap<PluginThread, Work>,
    waitsForHost: (thread: PluginThread) => boolean,
    listener: WatchdogListener,
  ) {
    this.#work = work;
    this.#waitsForHost = waitsForHost;
    this.#listener = listener;
  }

  /** A thread is there to be watched. */
  meet(thread: PluginThread): void {
    this.#watches.set(thread, new Watch(() => thread.cpuTimeMs()));
  }

  /** CPU milliseconds that the call which a thread is in is known to have used. */
  cpuUsed(thread: PluginThread): number {
    return this.#watches.get(thread)?.cpuUsed ?? 0;
  }

  /** There is work to watch. */
  wake(): void {
    // Not what keeps the process alive: Piscina holds a reference for as long as a task runs.
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#idleTicks = 0;
  }

  #tick(): void {
    this.#listener.onTick('before');
    this.#idleTicks = this.#work.size === 0 ? this.#idleTicks + 1 : 0;
    if (this.#idleTicks > 0 && this.#idleTicks > IDLE_TICKS[this.#listener.isWaitedFor()]) this.stop();
    const now = performance.now();
    for (const work of this.#work.values()) this.#look(work, now);
    this.#listener.onTick('after');
  }

  #look(work: Work, now: number): void {
    const { thread } = work;
    const watch = this.#watches.get(thread)!;
    // A worker coalesces its wake-ups; this look is for the result that came just after one (invariant 4).
    if (!this.#listener.collect(work)) return;
    if (work instanceof ConcurrentBatch && thread.status.section === 0) {
      this.#lookAtMany(work, watch, now);
      return;
    }
    if (this.#listener.isInterrupted(thread)) {
      this.#listener.onInterrupted(work, now);
      return;
    }
    const running = work instanceof Batch ? work.running : undefined;
    // In a section it is the one that ran last, which may be shut down after each request: such a lane is alone.
    const lane = running?.lane ?? work.lane;
    const { policy } = lane.definition;
    const { section, entries, phase } = thread.status;
    const overrun = watch.look(running === undefined && section === 0 ? Number.NaN : entries, policy, now);
    if (overrun !== undefined) {
      const error = overrunError(overrun, phase, policy);
      if (work instanceof Batch && running !== undefined)
        this.#listener.kill(work, running, running.error(error.code, error.message, error));
      else if (section !== 0 && thread.status.killSection(section)) this.#listener.endSection(work, lane, error);
    } else if (work instanceof Batch && work.turn === 'came')
      this.#judge(work, lane, running, watch.elapsed(now) >= TICK_MS, now);
  }

  /** Each of its requests has its own wall time; CPU time is that of what the guest does between two times that it waits. */
  #lookAtMany(batch: ConcurrentBatch, watch: Watch, now: number): void {
    const { thread, lane } = batch;
    const { policy } = lane.definition;
    const { entries, phase } = thread.status;
    const isIdle = phase === 'idle';
    const limits = phase === 'process' ? { ...policy, wallTimeLimitMs: Number.POSITIVE_INFINITY } : policy;
    const overrun = watch.look(isIdle ? Number.NaN : entries, limits, now);
    const late = batch.olderThan(policy.wallTimeLimitMs);
    const job = overrun === undefined ? late : batch.running;
    if (job !== undefined) {
      const error = overrunError(overrun ?? 'wallTimeLimitMs', phase === 'idle' ? 'process' : phase, policy);
      this.#listener.kill(batch, job, job.error(error.code, error.message, error));
      return;
    }
    batch.giveUp();
    // Not by the clock alone: on a busy machine that says nothing of what the guest is at.
    if (isIdle || watch.elapsed(now) < TICK_MS || !batch.effort.isLong(now, false)) return;
    this.#listener.takeBack(batch);
    if (batch.pace === 'normal' && !this.#waitsForHost(thread)) {
      batch.pace = 'long';
      this.#listener.onLong(batch, lane);
    }
  }

  /** @param isSeenTwice Whether the call that is running was running at the last look. */
  #judge(batch: Batch, lane: Lane, running: Job | undefined, isSeenTwice: boolean, now: number): void {
    const { thread, effort } = batch;
    const isOverdue = now - batch.startedAt >= PATIENCE_MS[lane.tenant.conduct.state];
    const isLong = effort.isLong(now, thread.status.asleep) || isOverdue;
    if (!isSeenTwice && !isLong) return;
    // What waits behind it goes to other threads; also where its requests take longer than was thought.
    this.#listener.takeBack(batch);
    if (!isSeenTwice) return;
    if (running?.state === 'settled') {
      // Its caller gave it up, and it has had a look's time to end by itself. On a busy machine it may have had nothing else
      // of that time: it is on its way to its end, and a thread would be lost for nothing.
      if (!isLong && !this.#waitsForHost(thread)) return;
      const error = running.failure ?? running.error('ERR_ABORTED', 'The request was given up');
      this.#listener.kill(batch, running, error);
    } else if (batch.pace === 'normal' && isLong && !this.#waitsForHost(thread)) {
      batch.pace = 'long';
      this.#listener.onLong(batch, lane);
    }
  }
}
