import type { Buffer } from 'node:buffer';

/**
 * Requests and answers as bytes. A request is three little-endian words, its input, and its options:
 *
 *     u32 bytes of the input | u32 pairs of options | u32 bytes of the options | input | (u32 length, text) for each text
 *
 * An answer is two words and its texts: what it is with the length of the message, and the length of the output.
 *
 *     u32 kind + length of the message * 8 | u32 bytes of the output | output | message
 *
 * Both end at a multiple of four bytes.
 */
export const REQUEST_WORDS = 3;
const ANSWER_WORDS = 2;

/** What an answer is; of an error the output is a `WireError` in JSON. */
export const AnswerKind = { success: 0, failure: 1, failureWithMessage: 2, successWithMessage: 3, error: 4 } as const;

const KIND_BITS = 3;
const KIND_MASK: number = (1 << KIND_BITS) - 1;

/** The next multiple of four. */
function aligned(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** Bytes that a request takes at the most: three for each code unit. */
export function mostBytes(input: string, options: readonly (readonly [string, string])[]): number {
  let units = input.length;
  for (const [key, value] of options) units += key.length + value.length;
  return REQUEST_WORDS * 4 + options.length * 8 + units * 3 + 3;
}

/** A loop in JavaScript beats a call into Node up to here. */
const SHORT = 24;

/** Writes a text as UTF-8 where it surely fits; returns how many bytes it has. */
function writeText(text: string, to: Buffer, at: number): number {
  const { length } = text;
  if (length > SHORT) return to.write(text, at, 'utf8');
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return to.write(text, at, 'utf8');
    to[at + index] = unit;
  }
  return length;
}

function writeWord(to: Buffer, at: number, word: number): void {
  to[at] = word;
  to[at + 1] = word >>> 8;
  to[at + 2] = word >>> 16;
  to[at + 3] = word >>> 24;
}

function readWord(from: Buffer, at: number): number {
  return from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
}

/** Packs a request where {@link mostBytes} are free; returns where it ends. */
export function packRequest(
  to: Buffer,
  at: number,
  input: string,
  options: readonly (readonly [string, string])[],
): number {
  const inputAt = at + REQUEST_WORDS * 4;
  const inputLength = writeText(input, to, inputAt);
  let end = inputAt + inputLength;
  for (const pair of options) {
    for (const text of pair) {
      const length = writeText(text, to, end + 4);
      writeWord(to, end, length);
      end += 4 + length;
    }
  }
  writeWord(to, at, inputLength);
  writeWord(to, at + 4, options.length);
  writeWord(to, at + 8, end - inputAt - inputLength);
  return aligned(end);
}

/** Packs a request without options whose input is UTF-8 already. */
export function packBytes(to: Buffer, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start;
  writeWord(to, at, length);
  writeWord(to, at + 4, 0);
  writeWord(to, at + 8, 0);
  const inputAt = at + REQUEST_WORDS * 4;
  if (length > SHORT) to.set(from.subarray(start, end), inputAt);
  else for (let index = 0; index < length; index++) to[inputAt + index] = from[start + index]!;
  return aligned(inputAt + length);
}

/** Where the request after the one at `at` begins. */
export function nextRequest(from: Buffer, at: number): number {
  return aligned(at + REQUEST_WORDS * 4 + readWord(from, at) + readWord(from, at + 8));
}

/** An answer in a buffer that holds many of them. */
export class AnswerCursor {
  kind = 0;
  outputAt = 0;
  outputEnd = 0;
  messageEnd = 0;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Goes to the next one. */
  next(): void {
    const bytes = this.#bytes;
    const first = readWord(bytes, this.#at);
    this.kind = first & KIND_MASK;
    this.outputAt = this.#at + ANSWER_WORDS * 4;
    this.outputEnd = this.outputAt + readWord(bytes, this.#at + 4);
    this.messageEnd = this.outputEnd + (first >>> KIND_BITS);
    this.#at = aligned(this.messageEnd);
  }
}

/** Whether bytes are enough for an answer. */
export function answerBytes(outputLength: number, messageLength: number): number {
  return aligned(ANSWER_WORDS * 4 + outputLength + messageLength);
}

/** Writes the two words of an answer; returns where its output goes. */
export function beginAnswer(to: Buffer, at: number, kind: number, outputLength: number, messageLength: number): number {
  writeWord(to, at, kind | (messageLength << KIND_BITS));
  writeWord(to, at + 4, outputLength);
  return at + ANSWER_WORDS * 4;
}
