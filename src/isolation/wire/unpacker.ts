import type { Buffer } from 'node:buffer';

/** What came in over the channel is not what the protocol says. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
}

/** Reads what a `Packer` wrote. Whoever wrote it may be anybody: every length is held against what is there. */
export class Unpacker {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  text(): string {
    const length = this.u32();
    const at = this.#advance(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** A view; whoever keeps it keeps the frame. */
  bytes(): Buffer {
    const length = this.u32();
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  #advance(count: number): number {
    const at = this.#at;
    if (count > this.left) throw new ProtocolError(`${count} bytes are to come, ${this.left} are left`);
    this.#at = at + count;
    return at;
  }
}
