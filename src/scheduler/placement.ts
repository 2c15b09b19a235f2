import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Pool } from '../pool/pool.ts';
import type { Lane } from './lane.ts';

/** Milliseconds of work that have to wait for a busy thread before another makes an instance for it, which costs about as much. */
const BACKLOG_MS = 1;
/** Requests of one plugin that wait are a backlog in any case: an instance more is soon worth it. */
const BACKLOG_REQUESTS = 8;
/** How much of the newest measurement goes into the estimate of a thread's requests. */
const SMOOTHING = 0.3;

/**
 * Which thread a lane's requests go to: one that holds its instance, also if that means waiting for it, so that a thousand
 * plugins on two threads are a thousand instances. A thread that is idle takes over what another has a backlog of.
 */
export class Placement {
  readonly #pool: Pool;
  readonly #threads: number;
  /** Threads that are not waited for: what they do takes long. */
  readonly #isTiedUp: (thread: PluginThread) => boolean;
  /** Milliseconds that a request of the batches of a thread takes, of late. */
  readonly #pace = new WeakMap<PluginThread, number>();

  /** @param threads How many threads work at once; the others stay cold. */
  constructor(pool: Pool, threads: number, isTiedUp: (thread: PluginThread) => boolean) {
    this.#pool = pool;
    this.#threads = threads;
    this.#isTiedUp = isTiedUp;
  }

  /** The idle thread that takes a lane's requests now; undefined when they wait for one that is busy, or there is none. */
  of(lane: Lane): PluginThread | undefined {
    const { homes, pin } = lane;
    if (pin?.thread !== undefined) return pin.thread.state === 'idle' ? pin.thread : undefined;
    for (const home of homes) if (home.state === 'idle') return home;
    for (const home of homes) if (!this.#isTiedUp(home) && !this.#hasBacklog(home, lane)) return undefined;
    return this.#newHome(lane);
  }

  /** Whether a lane's requests may join what is sent to a thread. */
  admits(lane: Lane, thread: PluginThread): boolean {
    if (lane.threadClass !== thread.threadClass) return false;
    if (lane.pin?.thread !== undefined) return lane.pin.thread === thread;
    const { homes } = lane;
    if (homes.has(thread)) return true;
    for (const home of homes) if (home.state === 'idle' || !this.#isTiedUp(home)) return false;
    return homes.size > 0 || this.#newHome(lane, thread) === thread;
  }

  /** Learns from a batch. */
  measured(thread: PluginThread, milliseconds: number, requests: number): void {
    const sample = milliseconds / requests;
    const pace = this.#pace.get(thread) ?? sample;
    this.#pace.set(thread, pace + SMOOTHING * (sample - pace));
  }

  /** Milliseconds that a request of the batches of a thread takes, of late; 0 when nothing is known. */
  paceOf(thread: PluginThread): number {
    return this.#pace.get(thread) ?? 0;
  }

  #hasBacklog(thread: PluginThread, { size, serviceMs = 0 }: Lane): boolean {
    if (size >= BACKLOG_REQUESTS || size * serviceMs >= BACKLOG_MS) return true;
    return thread.awaited * this.paceOf(thread) >= BACKLOG_MS;
  }

  /**
   * Where the next instance of a lane is made: of the threads that work at once the one that holds least, or the coldest
   * of all for one that has cost a thread lately.
   */
  #newHome({ threadClass, tenant }: Lane, beside?: PluginThread): PluginThread | undefined {
    const warm = [...this.#pool.threads].filter(
      (thread) => thread.threadClass === threadClass && thread.state !== 'starting' && thread.fate === 'stays',
    );
    warm.sort((a, b) => b.definitions.size - a.definitions.size);
    const free = warm.filter((thread) => thread.state === 'idle' || thread === beside);
    if (tenant.conduct.state === 'bad') return free.at(-1);
    const working = free.filter((thread) => warm.indexOf(thread) < this.#threads);
    const from = working.length > 0 ? working : free;
    return from.reduce<PluginThread | undefined>(
      (least, thread) => (least === undefined || thread.definitions.size < least.definitions.size ? thread : least),
      undefined,
    );
  }
}
