import type { Buffer } from 'node:buffer';
import { plainUntil, type WordedBytes } from '../../src/block/plain-bytes.ts';

const HEX = Uint8Array.from('0123456789abcdef', (char) => char.charCodeAt(0));
/** What follows the backslash of a short escape; 0 for bytes that have none, as they are or as `\u00XX`. */
const SHORT = new Uint8Array(256);
for (const pair of ['""', '\\\\', '\bb', '\ff', '\nn', '\rr', '\tt']) SHORT[pair.charCodeAt(0)] = pair.charCodeAt(1);

/** Bytes that one byte of a text becomes at the most. */
export const MOST_EXPANSION = 6;

/**
 * Writes UTF-8 as what stands between the quotes of a string of JSON, as `JSON.stringify` has it. Most of it is copied as it
 * is, and looked through where it was copied to.
 *
 * @param words The memory of `to`.
 * @returns Where it ends.
 */
export function writeJsonText(
  from: Buffer,
  at: number,
  length: number,
  to: Buffer,
  start: number,
  words: WordedBytes,
): number {
  from.copy(to, start, at, at + length);
  let end = plainUntil(words, start, start + length);
  for (let index = at + end - start; index < at + length; index++) {
    const byte = from[index]!;
    if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) {
      to[end++] = byte;
      continue;
    }
    to[end++] = 0x5c;
    const short = SHORT[byte]!;
    if (short !== 0) to[end++] = short;
    else {
      to[end] = 0x75;
      to[end + 1] = 0x30;
      to[end + 2] = 0x30;
      to[end + 3] = HEX[byte >> 4]!;
      to[end + 4] = HEX[byte & 15]!;
      end += 5;
    }
  }
  return end;
}

/** Writes a text as a plain line: its line breaks become `\n` and `\r`. */
export function writePlainText(from: Buffer, at: number, length: number, to: Buffer, start: number): number {
  let end = start;
  for (let index = at; index < at + length; index++) {
    const byte = from[index]!;
    if (byte !== 0x0a && byte !== 0x0d && byte !== 0x5c) to[end++] = byte;
    else {
      to[end] = 0x5c;
      to[end + 1] = SHORT[byte]!;
      end += 2;
    }
  }
  return end;
}

const MOST_INT32 = 2 ** 31 - 1;

/** Writes a whole number in digits. */
export function writeNumber(value: number, to: Buffer, start: number): number {
  if (value > MOST_INT32) return start + to.write(`${value}`, start, 'latin1');
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  // Whole numbers of 32 bits are divided by a multiplication.
  let left = value | 0;
  for (let at = start + digits - 1; at >= start; at--) {
    const next = (left / 10) | 0;
    to[at] = 0x30 + left - next * 10;
    left = next;
  }
  return start + digits;
}
