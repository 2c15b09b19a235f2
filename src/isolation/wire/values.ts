import { Buffer } from 'node:buffer';
import { TYPED_ARRAYS } from '../../contract/typed-arrays.ts';
import type { Packer } from './packer.ts';
import { ProtocolError, type Unpacker } from './unpacker.ts';

/*
 * What functions of components return. `v8.deserialize` would read it too, but it is made for what a process wrote
 * itself, and may build anything; this builds plain data and nothing else.
 */

const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  text: 5,
  unsigned: 6,
  negative: 7,
  array: 8,
  object: 9,
  typedArray: 10,
} as const;

/** Deeper than any type of a component that the parser lets in. */
const MAX_DEPTH = 256;

/** Appends a value. @throws {TypeError} for one that no function of a component returns. */
export function packValue(out: Packer, value: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw new TypeError(`A value of more than ${MAX_DEPTH} levels`);
  switch (typeof value) {
    case 'undefined':
      out.u8(TAG.undefined);
      return;
    case 'boolean':
      out.u8(value ? TAG.true : TAG.false);
      return;
    case 'number':
      out.u8(TAG.number);
      out.f64(value);
      return;
    case 'string':
      out.u8(TAG.text);
      out.text(value);
      return;
    case 'bigint':
      packInteger(out, value);
      return;
    case 'object':
      if (value === null) out.u8(TAG.null);
      else packObject(out, value, depth);
      return;
    default:
      throw new TypeError(`A ${typeof value} is no value of a component`);
  }
}

function packInteger(out: Packer, value: bigint): void {
  out.u8(value < 0n ? TAG.negative : TAG.unsigned);
  const bits = BigInt.asUintN(64, value);
  out.u32(Number(bits & 0xffff_ffffn));
  out.u32(Number(bits >> 32n));
}

function packObject(out: Packer, value: object, depth: number): void {
  if (ArrayBuffer.isView(value)) {
    const kind = TYPED_ARRAYS.findIndex((type) => value instanceof type);
    if (kind < 0) throw new TypeError('A view that is no typed array');
    out.u8(TAG.typedArray);
    out.u8(kind);
    out.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (Array.isArray(value)) {
    out.u8(TAG.array);
    out.u32(value.length);
    for (const item of value) packValue(out, item, depth + 1);
  } else {
    const entries = Object.entries(value);
    out.u8(TAG.object);
    out.u32(entries.length);
    for (const [key, field] of entries) {
      out.text(key);
      packValue(out, field, depth + 1);
    }
  }
}

/** Reads a value. @throws {ProtocolError} */
export function unpackValue(from: Unpacker, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new ProtocolError(`a value of more than ${MAX_DEPTH} levels`);
  const tag = from.u8();
  switch (tag) {
    case TAG.undefined:
      return undefined;
    case TAG.null:
      return null;
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.number:
      return from.f64();
    case TAG.text:
      return from.text();
    case TAG.unsigned:
      return integer(from);
    case TAG.negative:
      return BigInt.asIntN(64, integer(from));
    case TAG.array:
      return Array.from({ length: count(from) }, () => unpackValue(from, depth + 1));
    case TAG.object:
      // Keys become properties of its own, `__proto__` too.
      return Object.fromEntries(Array.from({ length: count(from) }, () => [from.text(), unpackValue(from, depth + 1)]));
    case TAG.typedArray:
      return typedArray(from);
    default:
      throw new ProtocolError(`no value has the tag ${tag}`);
  }
}

function integer(from: Unpacker): bigint {
  const low = from.u32();
  return (BigInt(from.u32()) << 32n) | BigInt(low);
}

/** What is to come takes a byte each at least: nothing is made of a number alone. */
function count(from: Unpacker): number {
  const number = from.u32();
  if (number > from.left) throw new ProtocolError(`${number} items are to come, ${from.left} bytes are left`);
  return number;
}

function typedArray(from: Unpacker): unknown {
  const type = TYPED_ARRAYS[from.u8()];
  const bytes = from.bytes();
  if (type === undefined || bytes.length % type.BYTES_PER_ELEMENT !== 0) throw new ProtocolError('no typed array');
  // Copied, so that it is aligned and does not keep the frame.
  const own = new ArrayBuffer(bytes.length);
  Buffer.from(own).set(bytes);
  return new type(own);
}
