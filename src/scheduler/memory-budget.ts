import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Lane } from './lane.ts';

/**
 * The engine's books of guest memory. An instance that runs may grow up to its cap, so it is booked with that; one that
 * waits for its next request cannot grow, so it is booked with what it holds. What is booked never exceeds the limit:
 * a request whose instance does not fit waits until others have been dropped or are done.
 */
export class MemoryBudget {
  readonly limit: number;
  /** Bytes that instances hold, by thread and by the number of the definition. */
  readonly #resident = new Map<PluginThread, Map<number, number>>();
  /** Bytes up to which the instance that runs on a thread may grow. */
  readonly #running = new Map<PluginThread, { readonly lane: Lane; readonly bytes: number }>();
  #booked = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are booked now. */
  get booked(): number {
    return this.#booked;
  }

  /** Whether a batch of a lane may run beside what is booked, with so many bytes kept free. */
  fits(lane: Lane, reserve = 0): boolean {
    const room = this.limit - reserve - lane.memoryBytes;
    // Its own instance that waits on some thread would be the one that runs, and is booked already.
    return this.#booked <= room || this.#booked - this.#waiting(lane) <= room;
  }

  #waiting({ id }: Lane): number {
    let most = 0;
    for (const [thread, residents] of this.#resident) {
      if (thread.state === 'idle') most = Math.max(most, residents.get(id) ?? 0);
    }
    return most;
  }

  /** A lane's instance on a thread runs from now on. */
  begin(thread: PluginThread, lane: Lane): void {
    const resident = this.#resident.get(thread)?.get(lane.id) ?? 0;
    this.#running.set(thread, { lane, bytes: lane.memoryBytes });
    this.#booked += lane.memoryBytes - resident;
  }

  /** It has stopped, and holds so many bytes; none when it was dropped. */
  end(thread: PluginThread, bytes: number): void {
    const running = this.#running.get(thread);
    if (running === undefined) return;
    this.#running.delete(thread);
    let residents = this.#resident.get(thread);
    if (residents === undefined) {
      residents = new Map();
      this.#resident.set(thread, residents);
    }
    // The youngest last, for `oldest`.
    residents.delete(running.lane.id);
    if (bytes > 0) residents.set(running.lane.id, bytes);
    this.#booked += bytes - running.bytes;
  }

  /** An instance was shut down. */
  dropped(thread: PluginThread, definition: number): void {
    const residents = this.#resident.get(thread);
    this.#booked -= residents?.get(definition) ?? 0;
    residents?.delete(definition);
  }

  /** A thread has ended, and everything on it with it. */
  ended(thread: PluginThread): void {
    this.end(thread, 0);
    for (const bytes of this.#resident.get(thread)?.values() ?? []) this.#booked -= bytes;
    this.#resident.delete(thread);
  }

  /** The instance on a thread that has not been used for longest, or undefined when it holds none. */
  oldest(thread: PluginThread): number | undefined {
    const [definition] = this.#resident.get(thread)?.keys() ?? [];
    return definition;
  }
}
