import { type Holding, NOTHING } from '../../component/holding.ts';
import type { LentMemory } from '../plan/plan.ts';
import { GuestMemory } from './memory.ts';

const PAGE_BYTES = 65_536;

/**
 * To clear a larger memory for the next instance takes longer than V8 takes to make a new one, of which the kernel
 * clears no more than what is used.
 */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** Hears of each memory that has lost its owner and waits for the collector of garbage, with its size in bytes, and which it is. */
export type OnDropped = (bytes: number, memory?: object) => void;

/**
 * Lends one memory to one instance of a core module after the other, because V8 is slow to give addresses back
 * (`docs/rationale.md`). Every memory is lent as V8 makes it: of its first size, and nothing but zeros.
 */
export class MemoryPool {
  readonly #initial: number;
  readonly #descriptor: ConstructorParameters<typeof WebAssembly.Memory>[0];
  readonly #onDropped: OnDropped;
  #idle: WebAssembly.Memory | undefined;

  constructor({ initial, maximum }: LentMemory, onDropped: OnDropped) {
    this.#onDropped = onDropped;
    this.#initial = initial * PAGE_BYTES;
    this.#descriptor = maximum === undefined ? { initial } : { initial, maximum };
  }

  take(): WebAssembly.Memory {
    const memory = this.#idle ?? new WebAssembly.Memory(this.#descriptor);
    this.#idle = undefined;
    return memory;
  }

  /** Takes a memory back. Nothing of the instance that had it may run again. */
  giveBack(memory: WebAssembly.Memory): void {
    const views = GuestMemory.of(memory);
    views.refresh();
    // A memory never shrinks; one that has grown goes.
    if (this.#idle !== undefined || views.bytes.length !== this.#initial || this.#initial > MAX_KEPT_BYTES) {
      this.#onDropped(views.bytes.length, memory);
      return;
    }
    views.bytes.fill(0);
    this.#idle = memory;
  }

  /** Lets go of the memory that waits. */
  empty(): void {
    if (this.#idle !== undefined) this.#onDropped(this.#initial, this.#idle);
    this.#idle = undefined;
  }

  /** What waits for the next instance. */
  get idle(): Holding {
    return this.#idle === undefined ? NOTHING : { bytes: this.#initial, memories: 1 };
  }
}
