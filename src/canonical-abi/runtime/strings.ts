import { Buffer, isUtf8 } from 'node:buffer';
import { brokenAbi } from '../glue.ts';
import type { StringEncoding } from '../plan/plan.ts';
import type { GuestMemory } from './memory.ts';
import type { Store } from './store.ts';

/** What of a `LiftLowerContext` strings need. */
interface StringContext {
  readonly memory: GuestMemory;
  readonly store: Pick<Store, 'spendText'>;
  pointer: number;
  units: number;
  allocate(alignment: number, size: number): number;
  check(pointer: number, alignment: number, size: number, what: string): void;
}

/** `load_string_from_range` and `store_string_into_range` of the specification, for one encoding of the guest. */
export interface StringCodec {
  /** @param units (Tagged) code units. */
  load(cx: StringContext, pointer: number, units: number): string;
  /** Leaves where the string is in `cx.pointer`, and its (tagged) code units in `cx.units`. */
  store(cx: StringContext, value: unknown): void;
}

export function stringCodec(encoding: StringEncoding): StringCodec {
  return CODECS[encoding];
}

/** `MAX_STRING_BYTE_LENGTH` */
const MAX_BYTES = 2 ** 28 - 1;
/** `utf16_tag`, for pointers of 32 bits. */
const UTF16_TAG = 2 ** 31;

/** Up to here a loop in JavaScript is faster than a call into Node. */
const SHORT = 64;
/** The same where the loop takes four bytes at a time. */
const LONG = 256;
const VERY_SHORT = 12;

const utf8: StringCodec = {
  load(cx, pointer, units) {
    checkText(cx, pointer, 1, units);
    return decodeUtf8(cx, pointer, units);
  },
  store(cx, value) {
    const text = checked(value);
    const { length } = text;
    if (length <= VERY_SHORT && isAscii(text)) {
      const pointer = cx.allocate(1, length);
      const { bytes } = cx.memory;
      for (let index = 0; index < length; index++) bytes[pointer + index] = text.charCodeAt(index);
      cx.pointer = pointer;
      cx.units = length;
      return;
    }
    const size = checkedSize(Buffer.byteLength(text));
    cx.pointer = cx.allocate(1, size);
    cx.units = size;
    cx.memory.buffer.write(text, cx.pointer, size, 'utf8');
  },
};

/** UTF-8 that has been checked: it left its guest before. */
export const checkedUtf8: StringCodec = {
  load({ memory }, pointer, units) {
    const end = pointer + units;
    if (units <= SHORT && isAsciiRange(memory.bytes, pointer, end)) return asciiText(memory, pointer, end);
    return memory.buffer.toString('utf8', pointer, end);
  },
  store: utf8.store,
};

const utf16: StringCodec = {
  load(cx, pointer, units) {
    checkText(cx, pointer, 2, units * 2);
    return decodeUtf16(cx, pointer, units);
  },
  store(cx, value) {
    const text = checked(value);
    storeUtf16(cx, text);
    cx.units = text.length;
  },
};

const latin1OrUtf16: StringCodec = {
  load(cx, pointer, units) {
    if (units >= UTF16_TAG) return utf16.load(cx, pointer, units - UTF16_TAG);
    checkText(cx, pointer, 2, units);
    return cx.memory.buffer.toString('latin1', pointer, pointer + units);
  },
  store(cx, value) {
    const text = checked(value);
    if (/^[\0-\u00ff]*$/.test(text)) {
      cx.pointer = cx.allocate(2, checkedSize(text.length));
      cx.units = text.length;
      cx.memory.buffer.write(text, cx.pointer, text.length, 'latin1');
    } else {
      storeUtf16(cx, text);
      cx.units = text.length + UTF16_TAG;
    }
  },
};

const CODECS: Readonly<Record<StringEncoding, StringCodec>> = { utf8, utf16, 'latin1+utf16': latin1OrUtf16 };

/** The pointer is checked of an empty string too. */
export function checkText(cx: StringContext, pointer: number, alignment: number, bytes: number): void {
  if (bytes > MAX_BYTES) throw brokenAbi(`a string of ${bytes} bytes; ${MAX_BYTES} are the most`, {});
  cx.check(pointer, alignment, bytes, 'a string');
  cx.store.spendText(bytes);
}

function decodeUtf8({ memory }: StringContext, pointer: number, length: number): string {
  const { bytes, buffer } = memory;
  const end = pointer + length;
  if (length <= SHORT && isAsciiRange(bytes, pointer, end)) return asciiText(memory, pointer, end);
  checkUtf8(bytes, pointer, end);
  return buffer.toString('utf8', pointer, end);
}

function asciiText({ bytes, buffer }: GuestMemory, pointer: number, end: number): string {
  if (end - pointer > VERY_SHORT) return buffer.toString('latin1', pointer, end);
  let text = '';
  for (let at = pointer; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** @throws {PluginError} `ERR_INVALID_RESPONSE` for bytes that are not UTF-8. */
export function validateUtf8({ bytes, view }: Pick<GuestMemory, 'bytes' | 'view'>, start: number, end: number): void {
  if (end - start > LONG || !isAsciiText(view, start, end)) checkUtf8(bytes, start, end);
}

/** The same as {@link isAsciiRange}, four bytes at a time. */
function isAsciiText(view: DataView, start: number, end: number): boolean {
  let seen = 0;
  let at = start;
  for (const last = end - 3; at < last; at += 4) seen |= view.getInt32(at, true);
  for (; at < end; at++) seen |= view.getUint8(at);
  return (seen & 0x80808080) === 0;
}

function checkUtf8(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
  if (!isUtf8(bytes.subarray(start, end))) throw brokenAbi('a string is not valid UTF-8', {});
}

function isAsciiRange(bytes: Uint8Array, start: number, end: number): boolean {
  let seen = 0;
  for (let at = start; at < end; at++) seen |= bytes[at]!;
  return seen < 0x80;
}

function decodeUtf16({ memory }: StringContext, pointer: number, units: number): string {
  const text = memory.buffer.toString('utf16le', pointer, pointer + units * 2);
  if (!text.isWellFormed()) throw brokenAbi('a string is not valid UTF-16', {});
  return text;
}

function storeUtf16(cx: StringContext, text: string): void {
  const size = checkedSize(text.length * 2);
  cx.pointer = cx.allocate(2, size);
  cx.memory.buffer.write(text, cx.pointer, size, 'utf16le');
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) >= 0x80) return false;
  return true;
}

function checked(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`Expected a string, got ${typeof value}`);
  // The specification has U+FFFD in its place; nobody would know that a value was changed (invariant 19).
  if (!value.isWellFormed()) throw new TypeError('Expected a string of whole characters, got half of a surrogate pair');
  return value;
}

function checkedSize(bytes: number): number {
  if (bytes > MAX_BYTES) throw new RangeError(`A string of ${bytes} bytes is too long for a guest`);
  return bytes;
}
