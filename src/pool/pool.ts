import type { Holding } from '../component/holding.ts';
import { PluginError } from '../errors.ts';
import { PluginThread, type PluginThreadState } from './plugin-thread.ts';
import type { ThreadClass } from './thread-class.ts';

/** What the pool tells its owner. */
export interface PoolListener {
  /** A thread became free for work: it has just started. */
  readonly onReady: (thread: PluginThread) => void;
  /** An idle thread is not needed any more: it is to let its instances finish and then be ended. */
  readonly onSurplus: (thread: PluginThread) => void;
  /** Threads of a class do not come up; nothing that needs one will run. */
  readonly onUnavailable: (threadClass: ThreadClass, error: PluginError) => void;
}

/** Attempts to start a thread before work that waits for one is failed. */
const START_ATTEMPTS = 3;
/** Milliseconds before the second attempt; doubled for each further one. */
const START_BACKOFF_MS = 100;
/** Milliseconds after which threads that were started for long requests are looked at again. */
const SHRINK_AFTER_MS = 5_000;

/**
 * The plugin threads of all classes, under one bound. Threads are started when they are needed, and always one more
 * than are at work, so that a kill costs the time of taking up the spare and not of starting a thread.
 */
export class Pool {
  readonly #threads = new Set<PluginThread>();
  readonly #ending = new Set<Promise<void>>();
  readonly #maxThreads: number;
  readonly #keep: number;
  readonly #dropped: Holding;
  readonly #listener: PoolListener;
  readonly #failures = new Map<ThreadClass, number>();
  #shrinkTimer: NodeJS.Timeout | undefined;
  #state: 'open' | 'closed' = 'open';

  /**
   * @param keep Threads that stay when there is nothing to do.
   * @param maxThreads The bound on living threads of all classes together.
   * @param dropped What instances may leave behind on each thread before it is collected.
   */
  constructor(keep: number, maxThreads: number, dropped: Holding, listener: PoolListener) {
    this.#dropped = dropped;
    this.#keep = keep;
    this.#maxThreads = maxThreads;
    this.#listener = listener;
  }

  get threads(): ReadonlySet<PluginThread> {
    return this.#threads;
  }

  /** Living threads, by what they are doing. */
  get counts(): Record<'starting' | 'idle' | 'busy', number> {
    const counts = { starting: 0, idle: 0, busy: 0 };
    for (const { state } of this.#threads) if (state !== 'ended') counts[state]++;
    return counts;
  }

  /**
   * Hands out a free thread of a class, best one that already holds the definition, and sees to the next spare.
   * The caller has asked {@link hasIdle}.
   */
  take(threadClass: ThreadClass, definition: number): PluginThread {
    const idle = [...this.#threads].filter((thread) => thread.state === 'idle' && thread.threadClass === threadClass);
    const thread = idle.find(({ definitions }) => definitions.has(definition)) ?? idle.at(-1)!;
    thread.state = 'busy';
    this.keepSpare(threadClass);
    return thread;
  }

  hasIdle(threadClass: ThreadClass): boolean {
    return this.#count(threadClass, 'idle') > 0;
  }

  /** Starts a thread of a class if the bound allows and none is free or on its way. */
  keepSpare(threadClass: ThreadClass): void {
    if (this.#threads.size < this.#maxThreads) this.want(threadClass);
  }

  /**
   * The same for work that waits: at the bound, an idle thread of another class has to make room.
   *
   * @param count How many threads of the class should be free or on their way.
   */
  want(threadClass: ThreadClass, count = 1): void {
    const coming = this.#count(threadClass, 'idle') + this.#count(threadClass, 'starting');
    if (this.#state === 'closed' || coming >= count) return;
    if (this.#threads.size >= this.#maxThreads) {
      if (coming > 0) return;
      // It comes back through `end`, and whoever waits for a thread asks again then.
      const threads = [...this.#threads];
      const other = threads.find(({ state }) => state === 'idle');
      if (other !== undefined && threads.every(({ fate }) => fate === 'stays')) this.#listener.onSurplus(other);
      return;
    }
    this.#start(threadClass);
  }

  /** Ends a thread and forgets it. Does not wait until it is gone; {@link close} does. */
  end(thread: PluginThread): void {
    this.#threads.delete(thread);
    const gone = thread.terminate().finally(() => this.#ending.delete(gone));
    this.#ending.add(gone);
  }

  /** Gives a thread back after work. */
  release(thread: PluginThread): void {
    thread.state = 'idle';
    if (this.#threads.size > this.#keep && this.#shrinkTimer === undefined) {
      this.#shrinkTimer = setTimeout(() => {
        this.#shrinkTimer = undefined;
        this.#shrink();
      }, SHRINK_AFTER_MS).unref();
    }
  }

  /** Ends every thread; resolves when all are gone. */
  async close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#shrinkTimer);
    for (const thread of this.#threads) this.end(thread);
    await Promise.all(this.#ending);
  }

  #start(threadClass: ThreadClass): void {
    const thread = new PluginThread(threadClass, this.#dropped);
    this.#threads.add(thread);
    thread.start().then(
      () => {
        this.#failures.delete(threadClass);
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
    const failures = (this.#failures.get(threadClass) ?? 0) + 1;
    this.#failures.set(threadClass, failures);
    if (failures < START_ATTEMPTS) {
      setTimeout(() => this.keepSpare(threadClass), START_BACKOFF_MS * 2 ** (failures - 1));
      return;
    }
    this.#failures.delete(threadClass);
    const hint = 'Check the memory and the number of threads that the process may have.';
    const message = `No worker thread could be started in ${START_ATTEMPTS} attempts`;
    this.#listener.onUnavailable(threadClass, new PluginError('ERR_WORKER_CRASHED', message, { hint, cause }));
  }

  #shrink(): void {
    let surplus = this.#threads.size - this.#keep;
    for (const thread of this.#threads) if (thread.state === 'idle' && surplus-- > 0) this.#listener.onSurplus(thread);
  }

  #count(threadClass: ThreadClass, state: PluginThreadState): number {
    let count = 0;
    for (const thread of this.#threads) if (thread.threadClass === threadClass && thread.state === state) count++;
    return count;
  }
}
