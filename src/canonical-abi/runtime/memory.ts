import { Buffer } from 'node:buffer';

/** Views of a linear memory. They are good until guest code runs, which may grow the memory and so detach its buffer. */
export class GuestMemory {
  readonly #memory: { readonly buffer: ArrayBuffer };
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  /** The same bytes, for Node's string functions. */
  buffer: Buffer<ArrayBuffer>;

  /** The views of a memory, which an instance made before may have left. */
  static of(memory: { readonly buffer: ArrayBuffer }): GuestMemory {
    let views = known.get(memory);
    if (views === undefined) {
      views = new GuestMemory(memory);
      known.set(memory, views);
    }
    return views;
  }

  /** For functions that pass nothing in memory. One page, so that it never looks detached. */
  static none(): GuestMemory {
    empty ??= GuestMemory.of(new WebAssembly.Memory({ initial: 1 }));
    return empty;
  }

  constructor(memory: { readonly buffer: ArrayBuffer }) {
    this.#memory = memory;
    const { buffer } = memory;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.buffer = Buffer.from(buffer);
  }

  /**
   * Comes after guest code and before a look at the views. Asking the memory for its buffer costs five times as much as
   * seeing that the old one is detached, which has no bytes.
   */
  refresh(): void {
    if (this.bytes.length === 0) this.attach();
  }

  /** Looks at the memory's buffer anew. */
  protected attach(): void {
    const { buffer } = this.#memory;
    this.view = new DataView(buffer);
    this.buffer = Buffer.from(buffer);
    // Last: where the stack ends before, the next look finds the views as they were.
    this.bytes = new Uint8Array(buffer);
  }
}

let empty: GuestMemory | undefined;
const known = new WeakMap<object, GuestMemory>();
