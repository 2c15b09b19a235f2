import { type Holding, NOTHING } from '../component/holding.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import { type AddressSpace, addressSpace } from './address-space.ts';
import type { Lane } from './lane.ts';

/** The share of the budget that dropped memories of all threads may take beyond it until they are collected. */
const DROPPED_SHARE = 1 / 8;
/** To collect more rarely than this saves no time: a collection takes some milliseconds, and filling this much does. */
const DROPPED: Holding = { bytes: 32 * 1024 * 1024, memories: 64 };

/** One that joins a batch may take no more than this part of what is free. */
const JOINERS_LEAVE = 16;

/**
 * The engine's books of guest memory. An instance that runs may grow up to its cap, so it is booked with that; one that
 * waits for its next request cannot grow, so it is booked with what it holds. What is booked never exceeds the limit:
 * a request whose instance does not fit waits until others have been dropped or are done. The same holds for the
 * addresses that memories reserve, which all engines of a process share.
 */
export class MemoryBudget {
  readonly limit: number;
  readonly #addresses: AddressSpace;
  /** What instances hold, by thread and by the number of the definition. */
  readonly #resident = new Map<PluginThread, Map<number, Holding>>();
  /** In how many orders the instances of a thread run, one after the other; each is booked with up to what it may grow. */
  readonly #running = new Map<PluginThread, Map<Lane, number>>();
  #booked = 0;

  constructor(limit: number, addresses: AddressSpace = addressSpace) {
    this.limit = limit;
    this.#addresses = addresses;
  }

  /** Bytes that are booked now. */
  get booked(): number {
    return this.#booked;
  }

  /**
   * What instances may leave behind on each of so many threads before it is collected: few enough that all threads
   * together stay within a small part of the budget.
   */
  droppedOn(threads: number): Holding {
    const share = DROPPED_SHARE / threads;
    return {
      bytes: Math.min(DROPPED.bytes, Math.floor(this.limit * share)),
      memories: Math.min(DROPPED.memories, Math.floor(this.#addresses.limit * share)),
    };
  }

  /** Whether a batch of a lane may run beside what is booked, with room kept free for the instance of another. */
  fits(lane: Lane, beside?: Lane): boolean {
    const bytes = lane.holds.bytes + (beside?.holds.bytes ?? 0);
    const memories = lane.holds.memories + (beside?.holds.memories ?? 0);
    if (this.#fits(bytes, memories)) return true;
    // Its own instance that waits on some thread would be the one that runs, and is booked already.
    const waiting = this.#waiting(lane);
    return this.#fits(bytes - waiting.bytes, memories - waiting.memories);
  }

  /** The same for a lane that joins what is sent to a thread: of what is free it leaves most to others. */
  fitsOn(thread: PluginThread, lane: Lane, beside?: Lane): boolean {
    const resident = this.#running.get(thread)?.has(lane)
      ? lane.holds
      : (this.#resident.get(thread)?.get(lane.id) ?? NOTHING);
    const bytes = lane.holds.bytes - resident.bytes + (beside?.holds.bytes ?? 0);
    const memories = lane.holds.memories - resident.memories + (beside?.holds.memories ?? 0);
    return this.#fits(JOINERS_LEAVE * bytes, JOINERS_LEAVE * memories);
  }

  #fits(bytes: number, memories: number): boolean {
    return this.#booked + bytes <= this.limit && this.#addresses.fits(memories);
  }

  #waiting({ id }: Lane): Holding {
    let most = NOTHING;
    for (const [thread, residents] of this.#resident) {
      const resident = residents.get(id);
      if (thread.state === 'idle' && resident !== undefined && resident.bytes >= most.bytes) most = resident;
    }
    return most;
  }

  /** Whether an instance of a lane on the main thread, which is booked with what it holds, may grow up to its cap. */
  fitsBeside(held: Holding, { holds }: Lane): boolean {
    return this.#fits(holds.bytes - held.bytes, holds.memories - held.memories);
  }

  /** Books what an instance on the main thread may hold now, in the place of what it could before. */
  exchange(now: Holding, before: Holding): void {
    this.#book(now, before);
  }

  /** A lane's instance on a thread is to run. */
  begin(thread: PluginThread, lane: Lane): void {
    let running = this.#running.get(thread);
    if (running === undefined) {
      running = new Map();
      this.#running.set(thread, running);
    }
    const orders = running.get(lane) ?? 0;
    running.set(lane, orders + 1);
    if (orders === 0) this.#book(lane.holds, this.#resident.get(thread)?.get(lane.id));
  }

  /**
   * It has run, and holds so much; nothing when it was dropped.
   *
   * @param held Left out when it has not run after all.
   */
  end(thread: PluginThread, lane: Lane, held?: Holding): void {
    const running = this.#running.get(thread);
    const orders = running?.get(lane);
    if (running === undefined || orders === undefined) return;
    if (orders > 1) running.set(lane, orders - 1);
    else running.delete(lane);
    let residents = this.#resident.get(thread);
    if (residents === undefined) {
      residents = new Map();
      this.#resident.set(thread, residents);
    }
    const now = held ?? residents.get(lane.id) ?? NOTHING;
    // The youngest last, for `oldest`.
    residents.delete(lane.id);
    if (now.bytes > 0 || now.memories > 0) residents.set(lane.id, now);
    // While it is to run again on the thread it stays booked with the most that it can be.
    if (orders === 1) this.#book(now, lane.holds);
  }

  /** An instance was shut down. */
  dropped(thread: PluginThread, definition: number): void {
    const residents = this.#resident.get(thread);
    this.#book(NOTHING, residents?.get(definition));
    residents?.delete(definition);
  }

  /** A thread has ended, and everything on it with it. */
  ended(thread: PluginThread): void {
    for (const [lane, orders] of [...(this.#running.get(thread) ?? [])]) {
      for (let order = 0; order < orders; order++) this.end(thread, lane, NOTHING);
    }
    this.#running.delete(thread);
    for (const held of this.#resident.get(thread)?.values() ?? []) this.#book(NOTHING, held);
    this.#resident.delete(thread);
  }

  /** Every thread has ended. */
  close(): void {
    for (const thread of [...this.#running.keys(), ...this.#resident.keys()]) this.ended(thread);
  }

  /** The instance on a thread that has not been used for longest, or undefined when it holds none. */
  oldest(thread: PluginThread): number | undefined {
    const [definition] = this.#resident.get(thread)?.keys() ?? [];
    return definition;
  }

  /** Books something in the place of something else. */
  #book(now: Holding, before: Holding = NOTHING): void {
    this.#booked += now.bytes - before.bytes;
    this.#addresses.book(now.memories - before.memories);
  }
}
