/** Debug information that is not what it should be. Never leaves this folder: what is malformed has no lines. */
export class Malformed extends Error {
  override readonly name: string = 'Malformed';
}

const text = new TextDecoder('utf-8');

/** The longest string that is taken from debug information, in bytes. */
const MAX_STRING = 512;

/**
 * Reads the values of DWARF, little-endian, within a part of a section and never beyond it. What does not fit into a
 * number exactly is malformed, since no wasm module has such offsets.
 */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (at < 0 || at > end || end > bytes.length) throw new Malformed('a position outside of its section');
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const at = this.#take(8);
    return safe(this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32);
  }

  /** An offset of 4 or 8 bytes, as the format of its unit has it. */
  offset(format: 4 | 8): number {
    return format === 4 ? this.u32() : this.u64();
  }

  uleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return safe(value);
      scale *= 0x80;
      if (scale > 2 ** 63) throw new Malformed('an integer of too many bytes');
    }
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) return safe((byte & 0x40) === 0 ? value : value - scale);
      if (scale > 2 ** 63) throw new Malformed('an integer of too many bytes');
    }
  }

  /** A string up to its zero byte; what is longer than 512 bytes is cut. */
  string(): string {
    const start = this.at;
    const zero = this.#bytes.subarray(start, this.end).indexOf(0);
    if (zero === -1) throw new Malformed('a string without an end');
    this.at = start + zero + 1;
    return text.decode(this.#bytes.subarray(start, start + Math.min(zero, MAX_STRING)));
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  #take(bytes: number): number {
    const { at } = this;
    if (bytes > this.end - at) throw new Malformed('an unexpected end');
    this.at = at + bytes;
    return at;
  }
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Malformed('a number that is too large');
  return value;
}
