import { clearTimeout, setTimeout } from 'node:timers';
import { nextTick } from '../clock/of-node.ts';
import type { Holding } from '../component/holding.ts';
import type { PluginError } from '../errors.ts';
import type { ThreadCounts } from '../observe/snapshot.ts';
import { StartAttempts } from '../thread/start-attempts.ts';
import { Departures } from './departures.ts';
import { PluginThread, type PluginThreadState } from './plugin-thread.ts';
import type { ThreadClass } from './thread-class.ts';

/** What the pool tells its owner. */
export interface PoolListener {
  /** A thread became free for work: it has just started. */
  readonly onReady: (thread: PluginThread) => void;
  /** Threads may be tried to be started again: who waits for more than the spare one has to ask. */
  readonly onRetry: () => void;
  /** An idle thread is not needed any more: it is to let its instances finish and then be ended. */
  readonly onSurplus: (thread: PluginThread) => void;
  /** There is no thread of a class and none can be started: nothing that waits for one will run. */
  readonly onUnavailable: (threadClass: ThreadClass, error: PluginError) => void;
  /** A thread that was told to end has not ended in time. It stays on the books. */
  readonly onStuck: (thread: PluginThread) => void;
  /** A thread that was told to end is gone, with everything that it held. */
  readonly onGone: (thread: PluginThread) => void;
}

/** Milliseconds over which threads that were started for long requests have to be in use, or they are let go. */
const SHRINK_AFTER_MS = 5_000;

/**
 * The plugin threads of all classes, under one bound. Threads are started when they are needed, and always one more
 * than are at work, so that a kill costs the time of taking up the spare and not of starting a thread.
 */
export class Pool {
  readonly #threads = new Set<PluginThread>();
  readonly #departures: Departures;
  readonly #maxThreads: number;
  readonly #keep: number;
  readonly #dropped: Holding;
  readonly #listener: PoolListener;
  readonly #attempts = new WeakMap<ThreadClass, StartAttempts>();
  readonly #retries = new Map<ThreadClass, NodeJS.Timeout>();
  #shrinkTimer: NodeJS.Timeout | undefined;
  /** The most threads that were at work at once since the last look. */
  #peak = 0;
  #state: 'open' | 'closed' = 'open';

  /**
   * @param keep Threads that stay when there is nothing to do.
   * @param maxThreads The bound on threads of all classes together, those that have not ended yet included.
   * @param dropped What instances may leave behind on each thread before it is collected.
   */
  constructor(keep: number, maxThreads: number, dropped: Holding, listener: PoolListener) {
    this.#dropped = dropped;
    this.#keep = keep;
    this.#maxThreads = maxThreads;
    this.#listener = listener;
    this.#departures = new Departures(listener.onStuck, listener.onGone);
  }

  /** Those that work can be given to. */
  get threads(): ReadonlySet<PluginThread> {
    return this.#threads;
  }

  /** Threads that exist: those that have not ended yet count. */
  get size(): number {
    return this.#threads.size + this.#departures.size;
  }

  /** Those that were told to end and have not ended in time. */
  get stuck(): number {
    return this.#departures.stuck;
  }

  get counts(): ThreadCounts {
    const { stuck, size } = this.#departures;
    const counts = { starting: 0, idle: 0, busy: 0, ending: size - stuck, stuck };
    for (const { state } of this.#threads) if (state !== 'ended') counts[state]++;
    return counts;
  }

  /** Those of them that are for the sessions of one plugin each. */
  get forSessions(): { readonly all: number; readonly idle: number } {
    let [all, idle] = [0, 0];
    for (const { threadClass, state } of this.#threads) {
      if (threadClass.sessionsOf === undefined) continue;
      all++;
      if (state === 'idle') idle++;
    }
    return { all, idle };
  }

  /** Whether threads of a class can be started at all, for all that is known. */
  startable(threadClass: ThreadClass): boolean {
    return this.#attempts.get(threadClass)?.exhausted !== true;
  }

  /** Hands out a free thread, and sees to it that so many are left or on their way. */
  take(thread: PluginThread, spares = 1): void {
    thread.state = 'busy';
    this.#peak = Math.max(this.#peak, this.#busy);
    this.keepSpare(thread.threadClass, spares);
  }

  hasIdle(threadClass: ThreadClass): boolean {
    return this.#count(threadClass, 'idle') > 0;
  }

  /** Starts a thread of a class if the bound allows and fewer than so many are free or on their way. */
  keepSpare(threadClass: ThreadClass, count = 1): void {
    // Sessions have one each, and need none in its place when that ends.
    if (this.size < this.#maxThreads && threadClass.sessionsOf === undefined) this.want(threadClass, count);
  }

  /**
   * The same for work that waits: at the bound, an idle thread of another class has to make room.
   *
   * @param count How many threads of the class should be free or on their way.
   */
  want(threadClass: ThreadClass, count = 1): void {
    const coming = this.#count(threadClass, 'idle') + this.#count(threadClass, 'starting');
    if (this.#state === 'closed' || coming >= count) return;
    if (threadClass.sessionsOf !== undefined && !this.#hasRoomForSessions(threadClass)) return;
    if (this.size >= this.#maxThreads) {
      // One that is about to be gone makes room as well.
      if (coming > 0 || this.#departures.size > this.#departures.stuck) return;
      // It comes back through `end`, and whoever waits for a thread asks again then.
      const [coldest] = this.#idleFromColdest();
      if (coldest !== undefined && [...this.#threads].every(({ fate }) => fate === 'stays'))
        this.#listener.onSurplus(coldest);
      return;
    }
    this.#start(threadClass);
  }

  /** Ends a thread. It counts until it is gone. */
  end(thread: PluginThread): void {
    this.#threads.delete(thread);
    this.#departures.begin(thread);
    for (const listener of thread.onEnded) listener.ended();
    thread.onEnded.clear();
  }

  /** Gives a thread back after work. */
  release(thread: PluginThread): void {
    thread.state = 'idle';
    this.#shrinkLater();
  }

  #shrinkLater(): void {
    const { all } = this.forSessions;
    if ((all === 0 && this.#threads.size <= this.#keep) || this.#shrinkTimer !== undefined) return;
    this.#shrinkTimer = setTimeout(() => {
      this.#shrinkTimer = undefined;
      this.shrink();
      this.#shrinkLater();
    }, SHRINK_AFTER_MS).unref();
  }

  /** Ends every thread; resolves when each is gone, or known to be stuck. */
  async close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#shrinkTimer);
    for (const timer of this.#retries.values()) clearTimeout(timer);
    for (const thread of this.#threads) this.end(thread);
    await this.#departures.decided();
  }

  #start(threadClass: ThreadClass): void {
    const attempts = this.#attemptsOf(threadClass);
    if (attempts.delayMs > 0) {
      this.#retry(threadClass, attempts.delayMs);
      return;
    }
    let thread: PluginThread;
    try {
      thread = new PluginThread(threadClass, this.#dropped);
    } catch (error) {
      this.#startFailed(threadClass, error);
      return;
    }
    this.#threads.add(thread);
    thread.start().then(
      () => {
        attempts.succeeded();
        if (thread.state !== 'ended') this.#listener.onReady(thread);
      },
      (error: unknown) => {
        if (thread.state === 'ended') return;
        this.end(thread);
        this.#startFailed(threadClass, error);
      },
    );
  }

  #startFailed(threadClass: ThreadClass, cause: unknown): void {
    const attempts = this.#attemptsOf(threadClass);
    attempts.failed();
    if (!attempts.exhausted) this.#retry(threadClass, attempts.delayMs);
    else if (!this.#has(threadClass)) {
      // Not in the middle of what asked for it.
      nextTick(() => this.#listener.onUnavailable(threadClass, attempts.error(cause)));
    }
  }

  /** Tries again later, for what waits then. */
  #retry(threadClass: ThreadClass, delayMs: number): void {
    if (this.#state === 'closed' || this.#retries.has(threadClass)) return;
    const timer = setTimeout(() => {
      this.#retries.delete(threadClass);
      this.keepSpare(threadClass);
      this.#listener.onRetry();
    }, delayMs);
    // What waits for a thread, and nothing else, keeps the process alive for it.
    if (this.#has(threadClass)) timer.unref();
    this.#retries.set(threadClass, timer);
  }

  #attemptsOf(threadClass: ThreadClass): StartAttempts {
    let attempts = this.#attempts.get(threadClass);
    if (attempts === undefined) {
      attempts = new StartAttempts();
      this.#attempts.set(threadClass, attempts);
    }
    return attempts;
  }

  #has(threadClass: ThreadClass): boolean {
    for (const thread of this.#threads) if (thread.threadClass === threadClass) return true;
    return false;
  }

  /** Lets the coldest idle threads go that were not in use of late, but for the spare one. */
  shrink(): void {
    let surplus = this.#threads.size - this.forSessions.all - Math.max(this.#keep, this.#peak + 1);
    for (const thread of this.#idleFromColdest()) {
      // One whose sessions are closed is of no use to anybody else.
      if (thread.threadClass.sessionsOf !== undefined || surplus-- > 0) this.#listener.onSurplus(thread);
    }
    this.#peak = this.#busy;
  }

  /** Sessions have one thread of a class, and leave those to all that are kept: one that nobody is on makes room for another. */
  #hasRoomForSessions(threadClass: ThreadClass): boolean {
    if (this.#has(threadClass)) return false;
    if (this.forSessions.all < this.#maxThreads - this.#keep) return true;
    const vacant = this.#idleFromColdest().find((thread) => thread.threadClass.sessionsOf !== undefined);
    if (vacant?.fate === 'stays') this.#listener.onSurplus(vacant);
    return false;
  }

  get #busy(): number {
    let busy = 0;
    for (const { state } of this.#threads) if (state === 'busy') busy++;
    return busy;
  }

  /** Without those that open sessions are on. */
  #idleFromColdest(): PluginThread[] {
    const idle = [...this.#threads].filter(({ state, onEnded }) => state === 'idle' && onEnded.size === 0);
    return idle.sort((a, b) => a.definitions.size - b.definitions.size);
  }

  #count(threadClass: ThreadClass, state: PluginThreadState): number {
    let count = 0;
    for (const thread of this.#threads) if (thread.threadClass === threadClass && thread.state === state) count++;
    return count;
  }
}
