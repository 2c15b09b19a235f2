import type { Buffer } from 'node:buffer';
import {
  asciiBytes,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  hex4,
  isDigit,
  NONE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLAIN_ESCAPES,
  QUOTE,
  standsAt,
} from './json-marks.ts';
import { plainUntil, type WordedBytes, worded } from './plain-bytes.ts';

/** What is nested deeper than this is left to `JSON.parse`. */
const MAX_DEPTH = 64;

const TRUE = asciiBytes('true');
const FALSE = asciiBytes('false');
const NULL = asciiBytes('null');

/** Goes past JSON without making values of it. What it accepts, `JSON.parse` accepts. */
export class JsonSkipper {
  protected readonly bytes: Buffer;
  /** Where the JSON ends. */
  protected limit: number;
  /** Whether the string that was skipped last has escapes. */
  protected escaped = false;
  readonly #worded: WordedBytes;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.limit = bytes.length;
    this.#worded = worded(bytes);
  }

  protected space(at: number): number {
    const bytes = this.bytes;
    let here = at;
    for (; here < this.limit; here++) {
      const byte = bytes[here];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) break;
    }
    return here;
  }

  /** Goes past the string that begins at a quote; {@link NONE} where it is none. */
  protected string(at: number): number {
    const bytes = this.bytes;
    const limit = this.limit;
    this.escaped = false;
    for (
      let here = plainUntil(this.#worded, at + 1, limit);
      here < limit;
      here = plainUntil(this.#worded, here + 1, limit)
    ) {
      const byte = bytes[here]!;
      if (byte === QUOTE) return here + 1;
      if (byte < 0x20) return NONE;
      this.escaped = true;
      const mark = bytes[++here]!;
      if (here >= limit) return NONE;
      if (mark === 0x75) {
        if (here + 4 >= limit || hex4(bytes, here + 1) === NONE) return NONE;
        here += 4;
      } else if (PLAIN_ESCAPES[mark] === 0) return NONE;
    }
    return NONE;
  }

  /** Goes past any value; {@link NONE} where it is none. */
  protected value(at: number, depth: number): number {
    switch (this.bytes[at]) {
      case QUOTE:
        return this.string(at);
      case OPEN_BRACE:
        return this.#members(at, depth, CLOSE_BRACE);
      case OPEN_BRACKET:
        return this.#members(at, depth, CLOSE_BRACKET);
      case 0x74:
        return this.#word(at, TRUE);
      case 0x66:
        return this.#word(at, FALSE);
      case 0x6e:
        return this.#word(at, NULL);
      default:
        return this.#number(at);
    }
  }

  #members(at: number, depth: number, close: number): number {
    if (depth >= MAX_DEPTH) return NONE;
    const bytes = this.bytes;
    const limit = this.limit;
    let here = this.space(at + 1);
    if (here < limit && bytes[here] === close) return here + 1;
    while (here < limit) {
      if (close === CLOSE_BRACE) {
        if (bytes[here] !== QUOTE) return NONE;
        here = this.string(here);
        if (here === NONE) return NONE;
        here = this.space(here);
        if (here >= limit || bytes[here] !== COLON) return NONE;
        here = this.space(here + 1);
        if (here >= limit) return NONE;
      }
      here = this.value(here, depth + 1);
      if (here === NONE) return NONE;
      here = this.space(here);
      if (here >= limit) return NONE;
      const byte = bytes[here];
      if (byte === close) return here + 1;
      if (byte !== COMMA) return NONE;
      here = this.space(here + 1);
    }
    return NONE;
  }

  #word(at: number, word: Uint8Array): number {
    if (at + word.length > this.limit || !standsAt(this.bytes, at, word)) return NONE;
    return at + word.length;
  }

  #number(at: number): number {
    const bytes = this.bytes;
    let here = at;
    if (bytes[here] === 0x2d) here++;
    if (bytes[here] === 0x30) here++;
    else {
      here = this.#digits(here);
      if (here === NONE) return NONE;
    }
    if (here < this.limit && bytes[here] === 0x2e) {
      here = this.#digits(here + 1);
      if (here === NONE) return NONE;
    }
    if (here < this.limit && (bytes[here]! | 0x20) === 0x65) {
      here++;
      if (bytes[here] === 0x2b || bytes[here] === 0x2d) here++;
      here = this.#digits(here);
    }
    return here > this.limit ? NONE : here;
  }

  /** Goes past one digit or more. */
  #digits(at: number): number {
    let here = at;
    while (here < this.limit && isDigit(this.bytes[here]!)) here++;
    return here === at ? NONE : here;
  }
}
