import { Buffer } from 'node:buffer';

const EMPTY: Buffer = Buffer.alloc(0);
const FIRST_BYTES = 64 * 1024;

/**
 * Lines that are collected to be written in one go, as bytes: kept as strings they would survive the young generation,
 * and be copied by the collector of garbage again and again.
 */
export class Block {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** The memory of a block that was written, for the next one. */
  #spare: Buffer | undefined;
  #length = 0;

  /** Bytes that it holds. */
  get length(): number {
    return this.#length;
  }

  /** Takes a line; its line break is added. */
  add(line: string): void {
    // Three bytes for a code unit at the most.
    const most = line.length * 3 + 1;
    if (this.#bytes.length - this.#length < most) this.#grow(most);
    this.#length += this.#bytes.write(line, this.#length, 'utf8');
    this.#bytes[this.#length++] = 0x0a;
  }

  /** Takes lines that are bytes already, with their line breaks. */
  addBytes(lines: Uint8Array): void {
    if (this.#bytes.length - this.#length < lines.length) this.#grow(lines.length);
    this.#bytes.set(lines, this.#length);
    this.#length += lines.length;
  }

  /** Hands over what it holds, until {@link release}. */
  take(): Buffer {
    if (this.#length === 0) return EMPTY;
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = this.#spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#spare = undefined;
    this.#length = 0;
    return taken;
  }

  /** What was taken is written. */
  release(taken: Buffer): void {
    if (taken !== EMPTY) this.#spare = Buffer.from(taken.buffer, taken.byteOffset, taken.buffer.byteLength);
  }

  #grow(most: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + most));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
