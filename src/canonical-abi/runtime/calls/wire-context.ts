import { ComponentInstance } from '../component-instance.ts';
import { LiftLowerContext } from '../context.ts';
import { GuestMemory } from '../memory.ts';
import { Store } from '../store.ts';
import { checkedUtf8, type StringCodec } from '../strings.ts';
import { takeBuffer } from './spare-buffers.ts';

/** Bytes of the memory in which the arguments of small calls are put together, one after the other. */
const ARENA_BYTES = 32 * 1024;

/** Nothing is accounted for: these are values of the host, or such as were checked when they left the guest. */
const UNLIMITED = { maxOutputBytes: Number.POSITIVE_INFINITY };

/** Has the codecs write into memory of the host's, and read from it, as if it were a guest's. */
export class WireContext extends LiftLowerContext {
  override readonly strings: StringCodec = checkedUtf8;
  readonly #memory: WireMemory;
  readonly #home: ArrayBuffer;
  #from = 0;
  #end = 0;

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(ARENA_BYTES)) {
    const memory = new WireMemory(buffer as ArrayBuffer);
    super(new Store(UNLIMITED), new ComponentInstance(), memory, undefined, 'utf8');
    this.#memory = memory;
    this.#home = buffer as ArrayBuffer;
  }

  /** Whether a small call has room. */
  get isRoomy(): boolean {
    return this.#home.byteLength - this.#end >= ARENA_BYTES / 8;
  }

  /** What was allocated since {@link begin}. */
  get taken(): { readonly bytes: GuestMemory['buffer']; readonly from: number; readonly end: number } {
    return { bytes: this.memory.buffer, from: this.#from, end: this.#end };
  }

  /** Begins to put something together. */
  begin(): void {
    this.#from = this.#end;
  }

  /** Ends it. What was taken is not used for anything else; a buffer that had to be larger is its taker's alone. */
  finish(): void {
    if (this.memory.bytes.buffer === this.#home) return;
    this.#memory.use(this.#home);
    // What lay here before it went to the larger one is not for the next call's guest.
    this.memory.bytes.fill(0, this.#from);
    this.#end = this.#from;
  }

  /** They were checked when they left the guest, and lie where there was room. */
  override check(): void {}

  override allocate(_alignment: number, size: number): number {
    const pointer = this.#end;
    const end = pointer + size;
    const { bytes } = this.memory;
    if (end > bytes.length) {
      // Places stay the same: pointers to them have been written.
      const larger = new Uint8Array(takeBuffer(end));
      larger.set(bytes.subarray(this.#from, pointer), this.#from);
      this.#memory.use(larger.buffer);
    }
    // A guest sees the bytes between fields, and what a buffer has had in it before is not for it.
    if (this.memory.bytes.buffer !== this.#home) this.memory.bytes.fill(0, pointer, end);
    this.#end = end;
    return pointer;
  }
}

class WireMemory extends GuestMemory {
  readonly #holder: { buffer: ArrayBuffer };

  constructor(buffer: ArrayBuffer) {
    const holder = { buffer };
    super(holder);
    this.#holder = holder;
  }

  use(buffer: ArrayBuffer): void {
    this.#holder.buffer = buffer;
    this.attach();
  }
}
