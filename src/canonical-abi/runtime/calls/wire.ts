import type { Buffer } from 'node:buffer';

/**
 * Values between threads: laid out as the canonical ABI has them in a memory of UTF-8 strings, so that a worker copies
 * them into a guest and sets pointers, and makes no object of them. What they point to lies behind them.
 */
export interface Wire {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where the tuple of the arguments lies. */
  at: number;
  /** What is added to a pointer: arguments are copied once more on their way, as they are. */
  shift: number;
}

/** There is no room for a value where it was to go. */
export class NoRoom extends Error {}

/** Where a worker puts what a function returned. Pointers are places in `bytes`. */
export class WireSink {
  bytes: Buffer;
  view: DataView;
  /** Where the next part goes. */
  end: number;
  #limit: number;
  readonly #grow: ((bytes: number) => Buffer) | undefined;

  /** @param grow Makes a buffer of at least so many bytes. @default what does not fit is `NoRoom` */
  constructor(bytes: Buffer, grow?: (bytes: number) => Buffer) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.end = 0;
    this.#limit = bytes.length;
    this.#grow = grow;
  }

  /** Begins anew, somewhere in `bytes`. */
  reset(at: number, limit: number = this.bytes.length): void {
    this.end = at;
    this.#limit = limit;
  }

  /** Takes room for a part, and says where. @throws {NoRoom} */
  reserve(size: number): number {
    const at = this.end;
    const end = at + size;
    if (end > this.#limit) this.#enlarge(end);
    this.end = end;
    return at;
  }

  #enlarge(needed: number): void {
    if (this.#grow === undefined) throw new NoRoom();
    const larger = this.#grow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
    this.view = viewOf(larger);
    this.#limit = larger.length;
  }
}

export function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
