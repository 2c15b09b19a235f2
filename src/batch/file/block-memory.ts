import { Buffer } from 'node:buffer';

/** The memory of blocks: that of those that are over is for the next ones. */
export class BlockMemory {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];

  /** @param bytes Of a block. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** Takes back what it gave, a part of which this is; the rest is left alone. */
  release(part: Buffer): void {
    if (part.buffer.byteLength === this.#bytes) this.#free.push(Buffer.from(part.buffer));
  }
}
