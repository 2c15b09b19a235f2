import { PluginError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The longest name, in bytes; the limit that engines share ("Limits" of the WebAssembly JavaScript interface). */
const MAX_NAME_BYTES = 100_000;

/** `ERR_INVALID_COMPONENT` at a byte of the file. */
export function invalidAt(offset: number, what: string): PluginError {
  return new PluginError('ERR_INVALID_COMPONENT', `The component is malformed at byte ${offset}: ${what}`, {
    hint: 'Build it again; `wasm-tools validate` tells what is wrong with it.',
  });
}

/** Bytes `start` up to and without `end`, counted from the start of the file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the primitive values of the binary format within a span and never beyond it. Positions are offsets into the
 * whole file, so that every error says where. A length is checked against the bytes that are left before anything is
 * allocated for it.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;

  constructor(bytes: Uint8Array, span: Span = { start: 0, end: bytes.length }) {
    this.bytes = bytes;
    this.position = span.start;
    this.end = span.end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  fail(what: string, offset: number = this.position): PluginError {
    return invalidAt(offset, what);
  }

  peek(): number {
    if (this.position >= this.end) throw this.fail('unexpected end');
    return this.bytes[this.position]!;
  }

  u8(): number {
    const byte = this.peek();
    this.position++;
    return byte;
  }

  /** The next byte must be this one. */
  expect(byte: number, what: string): void {
    const at = this.position;
    const got = this.u8();
    if (got !== byte) throw this.fail(`expected ${what} (${hex(byte)}), got ${hex(got)}`, at);
  }

  bool(what: string): boolean {
    const at = this.position;
    const byte = this.u8();
    if (byte > 1) throw this.fail(`expected 0x00 or 0x01 for ${what}, got ${hex(byte)}`, at);
    return byte === 1;
  }

  u32(): number {
    const at = this.position;
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) throw this.fail('integer too large', at);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw this.fail('integer too long', at);
  }

  /** An unsigned 64-bit integer; what a JavaScript number cannot hold exactly becomes `Number.MAX_SAFE_INTEGER`. */
  u64(): number {
    const at = this.position;
    let value = 0n;
    for (let shift = 0n; shift <= 63n; shift += 7n) {
      const byte = this.u8();
      if (shift === 63n && byte > 0x01) throw this.fail('integer too large', at);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : value);
    }
    throw this.fail('integer too long', at);
  }

  /** A type index in its place among the negative type opcodes: a signed 33-bit integer that is not negative. */
  typeIndex(): number {
    const at = this.position;
    let value = 0;
    for (let place = 0; place < 5; place++) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** (7 * place);
      if (byte >= 0x80) continue;
      if (byte & 0x40) throw this.fail(`${hex(this.bytes[at]!)} is no type`, at);
      if (value >= 2 ** 32) throw this.fail('type index too large', at);
      return value;
    }
    throw this.fail('integer too long', at);
  }

  /** Skips a LEB128 integer of up to `bits` bits. */
  skipInteger(bits: number): void {
    const at = this.position;
    for (let left = Math.ceil(bits / 7); left > 0; left--) if (this.u8() < 0x80) return;
    throw this.fail('integer too long', at);
  }

  /** Takes `size` bytes off, as a span. */
  take(size: number, what: string): Span {
    if (size > this.end - this.position) {
      throw this.fail(`${what} of ${size} bytes, but only ${this.end - this.position} are left`);
    }
    const start = this.position;
    this.position += size;
    return { start, end: this.position };
  }

  name(what = 'a name'): string {
    const size = this.u32();
    if (size > MAX_NAME_BYTES) throw this.fail(`${what} of ${size} bytes; the limit is ${MAX_NAME_BYTES}`);
    const { start, end } = this.take(size, what);
    try {
      return utf8.decode(this.bytes.subarray(start, end));
    } catch {
      throw this.fail(`${what} is not UTF-8`, start);
    }
  }

  /** A vector. Every element takes a byte at least, so a count above the bytes that are left is refused unread. */
  vec<T>(what: string, element: () => T): T[] {
    const at = this.position;
    const count = this.u32();
    if (count > this.end - this.position) {
      throw this.fail(`${count} × ${what}, but only ${this.end - this.position} bytes are left`, at);
    }
    const elements: T[] = [];
    for (let index = 0; index < count; index++) elements.push(element());
    return elements;
  }

  /** `what` must end exactly here. */
  finish(what: string): void {
    if (!this.done) throw this.fail(`${this.end - this.position} bytes too many in ${what}`);
  }
}

export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
