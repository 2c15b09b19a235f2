import { nextTick } from '../clock/of-node.ts';

/**
 * Bytes of addresses that V8 reserves for each memory, whatever its size, so that it needs no bounds checks. They are no
 * bytes of memory, but a process has 128 TiB of them on most machines, and fewer under `ulimit -v`.
 */
export const RESERVED_BYTES: number = 8 * 2 ** 30;

/** Half of the addresses that a process has. */
const DEFAULT_BYTES = 2 ** 46;

/**
 * The books of the addresses that memories reserve: of all engines, since they are the process's. Without them a dozen
 * instances of a plugin of 8 KB could leave no room for anybody else's.
 */
export class AddressSpace {
  #bytes: number;
  #booked = 0;
  readonly #waiting = new Set<() => void>();

  constructor(bytes: number = DEFAULT_BYTES) {
    this.#bytes = bytes;
  }

  /** Memories that there is room for in all, if no limit is found until they are made. */
  get limit(): number {
    return Math.floor(this.#bytes / RESERVED_BYTES);
  }

  /** Memories that are booked now. */
  get booked(): number {
    return this.#booked;
  }

  /** Whether so many memories have room beside those that are booked. */
  fits(memories: number): boolean {
    return this.#booked + memories <= this.limit;
  }

  /** Books memories, or with a negative number gives their room back. */
  book(memories: number): void {
    this.#booked += memories;
    if (memories >= 0 || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const listener of waiting) nextTick(listener);
  }

  /** Calls a listener once, when room is given back, by whichever engine. */
  whenGivenBack(listener: () => void): void {
    this.#waiting.add(listener);
  }

  /** Nobody waits for it any more. */
  forget(listener: () => void): void {
    this.#waiting.delete(listener);
  }

  /** Takes note of how many bytes of addresses the process may use; at the most half of what it has without a limit. */
  bound(bytes: number): void {
    this.#bytes = Math.min(DEFAULT_BYTES, bytes);
  }
}

/** That of this process. */
export const addressSpace: AddressSpace = new AddressSpace();
