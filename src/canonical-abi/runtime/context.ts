import { brokenAbi } from '../glue.ts';
import type { StringEncoding } from '../plan/plan.ts';
import type { ComponentInstance } from './component-instance.ts';
import type { BorrowScope } from './handles.ts';
import type { GuestMemory } from './memory.ts';
import type { Store } from './store.ts';
import { type StringCodec, stringCodec } from './strings.ts';

export type Realloc = (old: number, oldSize: number, alignment: number, size: number) => number;

/** `LiftLowerContext` of the specification: canonical options, and the instance whose they are. */
export class LiftLowerContext {
  readonly store: Store;
  readonly instance: ComponentInstance;
  /** Planning has checked that there is one where it is needed. */
  readonly memory: GuestMemory;
  readonly encoding: StringEncoding;
  readonly strings: StringCodec;
  readonly #realloc: Realloc | undefined;
  /** The call that is under way; an instance is in one call at a time. */
  borrowScope: BorrowScope | undefined;
  /** Where the string is that was stored last, and its length in (tagged) code units: two results without an array. */
  pointer = 0;
  units = 0;

  constructor(
    store: Store,
    instance: ComponentInstance,
    memory: GuestMemory,
    realloc: Realloc | undefined,
    encoding: StringEncoding,
  ) {
    this.store = store;
    this.instance = instance;
    this.memory = memory;
    this.#realloc = realloc;
    this.encoding = encoding;
    this.strings = stringCodec(encoding);
  }

  /**
   * `allocate` of the specification: has the guest allocate, and checks what it answers. The views of the memory are
   * fresh afterwards.
   */
  allocate(alignment: number, size: number): number {
    const { instance, memory, store } = this;
    instance.mayLeave = false;
    const outer = store.threadStorage?.begin();
    const pointer = this.#realloc!(0, 0, alignment, size) >>> 0;
    if (outer !== undefined) store.threadStorage!.resume(outer);
    instance.mayLeave = true;
    memory.refresh();
    store.allocated += size;
    if ((pointer & (alignment - 1)) !== 0)
      throw brokenAbi(`cabi_realloc returned a pointer not aligned to ${alignment}`, {});
    if (pointer + size > memory.bytes.length) throw brokenAbi('cabi_realloc returned memory beyond the end', {});
    return pointer;
  }

  /**
   * Has the guest allocate so much and give it back, so that its memory has grown before it is asked for anything.
   *
   * @returns whether it did give it back; one that never does has less to spend now.
   */
  reserve(size: number): boolean {
    if (this.#realloc === undefined) return true;
    const pointer = this.allocate(1, size);
    this.instance.mayLeave = false;
    this.#realloc(pointer, size, 1, 1);
    this.instance.mayLeave = true;
    this.memory.refresh();
    return this.allocate(1, 1) < pointer + size;
  }

  /** Checks a pointer that the guest passed, to `size` bytes of `what`. */
  check(pointer: number, alignment: number, size: number, what: string): void {
    if ((pointer & (alignment - 1)) !== 0) throw brokenAbi(`a pointer to ${what} is not aligned to ${alignment}`, {});
    if (pointer + size > this.memory.bytes.length) throw brokenAbi(`${what} lies beyond the end of memory`, {});
  }
}
