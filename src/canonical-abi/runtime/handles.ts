import type { ResourceType } from './resources.ts';
import { trap } from './trap.ts';

/** The books of one call that passes borrowed handles: `num_borrows` of a task, and the lenders of a subtask. */
export interface BorrowScope {
  /** Handles of the caller that are lent while the call lasts. */
  readonly lenders: ResourceHandle[];
  /** Objects that the host was lent. */
  readonly lent: object[];
  /** Handles that the callee has to drop before it returns. */
  borrows: number;
}

export function newBorrowScope(): BorrowScope {
  return { lenders: [], lent: [], borrows: 0 };
}

/** `ResourceHandle` of the specification ("Resource State"). */
export interface ResourceHandle {
  readonly type: ResourceType;
  /** An i32 of the guest that defines the type, or an object of the host. */
  readonly rep: unknown;
  /** The call within which a borrowed handle is good; undefined for an owning handle. */
  readonly borrowScope: BorrowScope | undefined;
  lends: number;
}

/** The specification allows 2^28 - 1. Each takes memory of the host, so that a guest may not have that many. */
const MAX_HANDLES = 65_536;

/** `Table` of the specification ("Table State"): indices begin at 1, and the one that was freed last is used first. */
export class HandleTable {
  readonly #entries: (ResourceHandle | undefined)[] = [undefined];
  readonly #free: number[] = [];

  /** @throws a trap for an index without a handle, or with one of another type. */
  get(index: number, type: ResourceType): ResourceHandle {
    const handle = this.#entries[index >>> 0];
    if (handle === undefined) throw trap(`unknown handle index ${index >>> 0}`);
    if (handle.type !== type) throw trap(`handle index ${index} used with the wrong type`);
    return handle;
  }

  /** @throws a trap for an index without an entry. */
  at(index: number): ResourceHandle {
    const entry = this.#entries[index >>> 0];
    if (entry === undefined) throw trap(`unknown handle index ${index >>> 0}`);
    return entry;
  }

  add(handle: ResourceHandle): number {
    const index = this.#free.pop();
    if (index !== undefined) {
      this.#entries[index] = handle;
      return index;
    }
    if (this.#entries.length > MAX_HANDLES) throw trap(`the handle table holds no more than ${MAX_HANDLES} handles`);
    return this.#entries.push(handle) - 1;
  }

  /** The objects of the host that the guest has handles of. */
  get hostObjects(): readonly unknown[] {
    return this.#entries
      .filter((handle) => handle !== undefined && handle.type.instance === undefined)
      .map((handle) => handle!.rep);
  }

  /** @returns what brings the table back to what it is now, between two calls. */
  keep(): () => void {
    const entries = [...this.#entries];
    const free = [...this.#free];
    return () => {
      this.#entries.splice(0, this.#entries.length, ...entries);
      this.#free.splice(0, this.#free.length, ...free);
      for (const handle of entries) if (handle !== undefined) handle.lends = 0;
    };
  }

  /** @throws a trap, also for a handle that is lent. */
  remove(index: number, type: ResourceType): ResourceHandle {
    const handle = this.get(index, type);
    if (handle.lends !== 0) throw trap('cannot remove owned resource while borrowed');
    this.#entries[index >>> 0] = undefined;
    this.#free.push(index >>> 0);
    return handle;
  }
}
