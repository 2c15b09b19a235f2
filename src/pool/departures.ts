import { clearTimeout, setTimeout } from 'node:timers';
import { STUCK_AFTER_MS } from '../thread/thread.ts';
import type { PluginThread } from './plugin-thread.ts';

interface Departure {
  state: 'ending' | 'stuck';
  /** Resolves when the thread is gone or stuck. */
  readonly decided: Promise<void>;
}

/**
 * The threads that were told to end and are not gone: they still take processors, memory and a place among
 * `maxThreads` (invariant 14).
 */
export class Departures {
  readonly #departures = new Map<PluginThread, Departure>();
  readonly #onStuck: (thread: PluginThread) => void;
  readonly #onGone: (thread: PluginThread) => void;

  constructor(onStuck: (thread: PluginThread) => void, onGone: (thread: PluginThread) => void) {
    this.#onStuck = onStuck;
    this.#onGone = onGone;
  }

  /** All of them. */
  get size(): number {
    return this.#departures.size;
  }

  get stuck(): number {
    let count = 0;
    for (const { state } of this.#departures.values()) if (state === 'stuck') count++;
    return count;
  }

  /** Ends a thread. */
  begin(thread: PluginThread): void {
    const { promise: decided, resolve } = Promise.withResolvers<void>();
    const departure: Departure = { state: 'ending', decided };
    this.#departures.set(thread, departure);
    const timer = setTimeout(() => {
      departure.state = 'stuck';
      // It does what it can to keep the process from ending; the engine does not help it.
      thread.unref();
      this.#onStuck(thread);
      resolve();
    }, STUCK_AFTER_MS);
    void thread.terminate().finally(() => {
      clearTimeout(timer);
      this.#departures.delete(thread);
      this.#onGone(thread);
      resolve();
    });
  }

  /** Resolves when each of them is gone or stuck: after {@link STUCK_AFTER_MS} at the latest. */
  async decided(): Promise<void> {
    await Promise.all([...this.#departures.values()].map(({ decided }) => decided));
  }
}
