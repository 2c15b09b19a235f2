import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Pool } from '../pool/pool.ts';
import { Batch } from './batch.ts';
import type { Lane } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { Retirement } from './retirement.ts';
import { isForSessions } from './session-threads.ts';

/** What carries out what {@link Retirements} decides. */
export interface RetirementsListener {
  /** A thread is to shut an instance down. */
  readonly begin: (retirement: Retirement) => void;
  /** A thread that is to go holds nothing any more. */
  readonly end: (thread: PluginThread) => void;
  /** A thread is free. */
  readonly onFree: () => void;
}

/** What a thread does between batches: it shuts down instances that it should no longer hold, or goes. */
export class Retirements {
  readonly #pool: Pool;
  readonly #memory: MemoryBudget;
  readonly #maxThreads: number;
  readonly #work: ReadonlyMap<PluginThread, Batch | Retirement>;
  readonly #listener: RetirementsListener;
  /** Lanes that threads may hold instances of, by the number under which they know them. */
  readonly #lanes = new Map<number, Lane>();

  /** @param work What threads are at now. */
  constructor(
    pool: Pool,
    memory: MemoryBudget,
    maxThreads: number,
    work: ReadonlyMap<PluginThread, Batch | Retirement>,
    listener: RetirementsListener,
  ) {
    this.#pool = pool;
    this.#memory = memory;
    this.#maxThreads = maxThreads;
    this.#work = work;
    this.#listener = listener;
  }

  /** A thread is sent a lane's definition. */
  meet(lane: Lane): void {
    this.#lanes.set(lane.id, lane);
  }

  /** Shuts down the instances of a lane on every thread; resolves when none is left. */
  async retire(lane: Lane): Promise<void> {
    const retirements: Promise<void>[] = [];
    for (const thread of this.#pool.threads) {
      if (!thread.forget(lane.id) && !thread.retiring.has(lane.id)) continue;
      retirements.push(new Promise((resolve) => thread.retiring.set(lane.id, resolve)));
      if (thread.state === 'idle') this.free(thread);
    }
    await Promise.all(retirements);
    this.#lanes.delete(lane.id);
  }

  /**
   * Has idle threads drop the instances that have not been used for longest, one each, until a lane's would fit. Where
   * that has to be put off it does nothing, since whoever is told of a free thread comes back here.
   */
  makeRoom(lane: Lane): void {
    // What these hold comes back by itself.
    if (this.#pool.counts.ending > 0) return;
    for (const thread of [...this.#pool.threads]) {
      const definition = this.#memory.oldest(thread);
      // Whoever has a session counts on its instance.
      if (thread.state !== 'idle' || isForSessions(thread) || definition === undefined || this.#memory.fits(lane))
        continue;
      if (!this.#othersHaveThreads(thread)) continue;
      thread.forget(definition);
      // One whose version goes has somebody who waits for it already.
      if (!thread.retiring.has(definition)) thread.retiring.set(definition, () => {});
      this.free(thread);
    }
  }

  /** Lets a thread go: its instances are shut down first. */
  dismiss(thread: PluginThread): void {
    thread.fate = 'leaves';
    for (const id of [...thread.definitions]) {
      thread.retiring.set(id, () => {});
      thread.forget(id);
    }
    this.free(thread);
  }

  /** A thread has nothing to do: it shuts down what it should no longer hold, and is free then. */
  free(thread: PluginThread): void {
    const [id] = thread.retiring.keys();
    if (id === undefined && thread.fate === 'leaves') {
      this.#listener.end(thread);
      this.#listener.onFree();
      return;
    }
    if (id === undefined || !this.#othersHaveThreads(thread)) {
      this.#pool.release(thread);
      this.#listener.onFree();
      return;
    }
    this.#listener.begin(new Retirement(thread, this.#lanes.get(id)!));
    thread.send({ kind: 'retire', retires: id, count: 0 });
  }

  /** Whether something is put off for want of threads. */
  get isPutOff(): boolean {
    return [...this.#pool.threads].some(({ state, retiring }) => state === 'idle' && retiring.size > 0);
  }

  /** Tries again what was put off for want of threads. */
  goOn(): void {
    for (const thread of this.#pool.threads) if (thread.state === 'idle' && thread.retiring.size > 0) this.free(thread);
  }

  /** Whether there is a thread for requests while this one shuts an instance down, which may take to its limit. */
  #othersHaveThreads(thread: PluginThread): boolean {
    if (this.#pool.size < this.#maxThreads || isForSessions(thread)) return true;
    return [...this.#pool.threads].some((other) => {
      const work = this.#work.get(other);
      return (
        other !== thread &&
        !isForSessions(other) &&
        (work === undefined || (work instanceof Batch && work.pace === 'normal'))
      );
    });
  }
}
