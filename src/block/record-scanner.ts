import type { Buffer } from 'node:buffer';
import { plainUntil, type WordedBytes, worded } from './plain-bytes.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** What is nested deeper than this, or has more options than this, is left to `JSON.parse`. */
const MAX_DEPTH = 64;
const MAX_OPTIONS = 32;

/** What no value begins at. */
const NONE = -1;

/**
 * Finds the fields of a record in a line of JSON without making a value of it: `id`, `input`, `options` and `plugin` in
 * any order, the others left where they are. What it accepts is what `JSON.parse` would make of the line; what is unusual
 * (a key with an escape, half a surrogate, an option that is no string) it leaves to that.
 */
export class RecordScanner {
  /** The id as it stands there, with its quotes; {@link NONE} when there is none. */
  idAt: number = NONE;
  idEnd: number = NONE;
  /** The input, without its quotes. */
  inputAt: number = NONE;
  inputEnd: number = NONE;
  inputEscaped = false;
  pluginAt: number = NONE;
  pluginEnd: number = NONE;
  /** Where the value of the options begins; {@link NONE} when there are none. */
  optionsAt: number = NONE;
  /** Where the next line begins. */
  next = 0;
  readonly #bytes: Buffer;
  readonly #worded: WordedBytes;
  #limit: number;
  /** Whether the string that was skipped last has escapes. */
  #escaped = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#worded = worded(bytes);
    this.#limit = bytes.length;
  }

  /**
   * Scans the line at an offset.
   *
   * @param limit Where the last line ends.
   * @returns false for what is to be left to `JSON.parse`, malformed lines among them.
   */
  scan(at: number, limit: number): boolean {
    const bytes = this.#bytes;
    this.#limit = limit;
    this.idAt = NONE;
    this.inputAt = NONE;
    this.pluginAt = NONE;
    this.optionsAt = NONE;
    let here = this.#space(at);
    if (here >= limit || bytes[here] !== OPEN_BRACE) return false;
    here = this.#space(here + 1);
    for (;;) {
      if (here >= limit || bytes[here] !== QUOTE) return false;
      const keyAt = here + 1;
      here = this.#string(here);
      if (here === NONE || this.#escaped) return false;
      const keyEnd = here - 1;
      here = this.#space(here);
      if (here >= limit || bytes[here] !== COLON) return false;
      here = this.#space(here + 1);
      if (here >= limit) return false;
      here = this.#field(keyAt, keyEnd, here);
      if (here === NONE) return false;
      here = this.#space(here);
      if (here >= limit) return false;
      const byte = bytes[here];
      here = this.#space(here + 1);
      if (byte === COMMA) continue;
      if (byte !== CLOSE_BRACE) return false;
      break;
    }
    if (here < limit && bytes[here] !== NEWLINE) return false;
    this.next = here + 1;
    return this.inputAt !== NONE;
  }

  /**
   * Writes the options that were found: for each text its length, a little-endian u32, and the text.
   *
   * @param to Has room for as many bytes as the line has, twice.
   * @returns How many pairs there are, with {@link end} where they end; {@link NONE} for what is to be left to `JSON.parse`.
   */
  writeOptions(to: Buffer, at: number): number {
    const bytes = this.#bytes;
    let here = this.optionsAt;
    const isList = bytes[here] === OPEN_BRACKET;
    if (!isList && bytes[here] !== OPEN_BRACE) return NONE;
    const close = isList ? CLOSE_BRACKET : CLOSE_BRACE;
    let end = at;
    let count = 0;
    here = this.#space(here + 1);
    if (bytes[here] === close) {
      this.end = end;
      return 0;
    }
    for (;;) {
      if (isList) {
        if (bytes[here] !== OPEN_BRACKET) return NONE;
        here = this.#space(here + 1);
      }
      const keyAt = end;
      here = this.#text(here, to, end);
      if (here === NONE) return NONE;
      end = this.end;
      // Objects sort keys that are numbers first, and of two that are the same the last one counts.
      if (!isList && (isDigit(to[keyAt + 4]!) || hasKey(to, at, keyAt, end))) return NONE;
      here = this.#space(here);
      if (bytes[here] !== (isList ? COMMA : COLON)) return NONE;
      here = this.#text(this.#space(here + 1), to, end);
      if (here === NONE) return NONE;
      end = this.end;
      here = this.#space(here);
      if (isList) {
        if (bytes[here] !== CLOSE_BRACKET) return NONE;
        here = this.#space(here + 1);
      }
      if (++count > MAX_OPTIONS) return NONE;
      const byte = bytes[here];
      here = this.#space(here + 1);
      if (byte === COMMA) continue;
      this.end = end;
      return byte === close ? count : NONE;
    }
  }

  /** Where {@link writeOptions} or {@link unescape} ended. */
  end = 0;

  /**
   * Writes a string that has escapes as what it stands for, which is never longer.
   *
   * @returns false for half a surrogate, which UTF-8 has no bytes for.
   */
  unescape(from: number, until: number, to: Buffer, at: number): boolean {
    const bytes = this.#bytes;
    let end = at;
    for (let here = from; here < until; ) {
      const byte = bytes[here++]!;
      if (byte !== BACKSLASH) {
        to[end++] = byte;
        continue;
      }
      const mark = bytes[here++]!;
      if (mark !== 0x75) {
        to[end++] = PLAIN_ESCAPES[mark]!;
        continue;
      }
      let point = hex4(bytes, here);
      here += 4;
      if (point >= 0xd800 && point < 0xe000) {
        if (point >= 0xdc00 || bytes[here] !== BACKSLASH || bytes[here + 1] !== 0x75) return false;
        const low = hex4(bytes, here + 2);
        if (low < 0xdc00 || low >= 0xe000) return false;
        here += 6;
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      }
      if (point < 0x80) to[end++] = point;
      else if (point < 0x800) {
        to[end++] = 0xc0 | (point >> 6);
        to[end++] = 0x80 | (point & 0x3f);
      } else {
        if (point < 0x10000) to[end++] = 0xe0 | (point >> 12);
        else {
          to[end++] = 0xf0 | (point >> 18);
          to[end++] = 0x80 | ((point >> 12) & 0x3f);
        }
        to[end++] = 0x80 | ((point >> 6) & 0x3f);
        to[end++] = 0x80 | (point & 0x3f);
      }
    }
    this.end = end;
    return true;
  }

  /** Writes a string with its length in front. Returns where it ends in the line. */
  #text(at: number, to: Buffer, end: number): number {
    if (this.#bytes[at] !== QUOTE) return NONE;
    const after = this.#string(at);
    if (after === NONE || !this.unescape(at + 1, after - 1, to, end + 4)) return NONE;
    to.writeUInt32LE(this.end - end - 4, end);
    return after;
  }

  /** Takes note of a field. Returns where its value ends. */
  #field(keyAt: number, keyEnd: number, at: number): number {
    const bytes = this.#bytes;
    const length = keyEnd - keyAt;
    if (length === 2 && isKey(bytes, keyAt, ID)) {
      if (bytes[at] !== QUOTE) return NONE;
      const end = this.#string(at);
      if (this.#escaped) return NONE;
      this.idAt = at;
      this.idEnd = end;
      return end;
    }
    if (length === 5 && isKey(bytes, keyAt, INPUT)) {
      if (bytes[at] !== QUOTE) return NONE;
      const end = this.#string(at);
      this.inputAt = at + 1;
      this.inputEnd = end - 1;
      this.inputEscaped = this.#escaped;
      return end;
    }
    if (length === 6 && isKey(bytes, keyAt, PLUGIN)) {
      if (bytes[at] !== QUOTE) return NONE;
      const end = this.#string(at);
      if (this.#escaped || end === at + 2) return NONE;
      this.pluginAt = at + 1;
      this.pluginEnd = end - 1;
      return end;
    }
    if (length === 7 && isKey(bytes, keyAt, OPTIONS)) this.optionsAt = at;
    return this.#value(at, 0);
  }

  #space(at: number): number {
    const bytes = this.#bytes;
    let here = at;
    for (; here < this.#limit; here++) {
      const byte = bytes[here];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) break;
    }
    return here;
  }

  /** Goes past the string that begins at a quote; {@link NONE} where it is none. */
  #string(at: number): number {
    const bytes = this.#bytes;
    const limit = this.#limit;
    this.#escaped = false;
    for (
      let here = plainUntil(this.#worded, at + 1, limit);
      here < limit;
      here = plainUntil(this.#worded, here + 1, limit)
    ) {
      const byte = bytes[here]!;
      if (byte === QUOTE) return here + 1;
      if (byte < 0x20) return NONE;
      this.#escaped = true;
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
  #value(at: number, depth: number): number {
    switch (this.#bytes[at]) {
      case QUOTE:
        return this.#string(at);
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
    const bytes = this.#bytes;
    const limit = this.#limit;
    let here = this.#space(at + 1);
    if (here < limit && bytes[here] === close) return here + 1;
    while (here < limit) {
      if (close === CLOSE_BRACE) {
        if (bytes[here] !== QUOTE) return NONE;
        here = this.#string(here);
        if (here === NONE) return NONE;
        here = this.#space(here);
        if (here >= limit || bytes[here] !== COLON) return NONE;
        here = this.#space(here + 1);
        if (here >= limit) return NONE;
      }
      here = this.#value(here, depth + 1);
      if (here === NONE) return NONE;
      here = this.#space(here);
      if (here >= limit) return NONE;
      const byte = bytes[here];
      if (byte === close) return here + 1;
      if (byte !== COMMA) return NONE;
      here = this.#space(here + 1);
    }
    return NONE;
  }

  #word(at: number, word: Uint8Array): number {
    if (at + word.length > this.#limit || !isKey(this.#bytes, at, word)) return NONE;
    return at + word.length;
  }

  #number(at: number): number {
    const bytes = this.#bytes;
    let here = at;
    if (bytes[here] === 0x2d) here++;
    if (bytes[here] === 0x30) here++;
    else {
      here = this.#digits(here);
      if (here === NONE) return NONE;
    }
    if (here < this.#limit && bytes[here] === 0x2e) {
      here = this.#digits(here + 1);
      if (here === NONE) return NONE;
    }
    if (here < this.#limit && (bytes[here]! | 0x20) === 0x65) {
      here++;
      if (bytes[here] === 0x2b || bytes[here] === 0x2d) here++;
      here = this.#digits(here);
    }
    return here > this.#limit ? NONE : here;
  }

  /** Goes past one digit or more. */
  #digits(at: number): number {
    let here = at;
    while (here < this.#limit && isDigit(this.#bytes[here]!)) here++;
    return here === at ? NONE : here;
  }
}

const word = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const ID = word('id');
const INPUT = word('input');
const PLUGIN = word('plugin');
const OPTIONS = word('options');
const TRUE = word('true');
const FALSE = word('false');
const NULL = word('null');

/** What a backslash and this byte stand for; 0 where they stand for nothing. */
const PLAIN_ESCAPES = new Uint8Array(256);
for (const [mark, char] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'] as unknown as string[][]) {
  PLAIN_ESCAPES[mark!.charCodeAt(0)] = char!.charCodeAt(0);
}

function isKey(bytes: Buffer, at: number, key: Uint8Array): boolean {
  for (let index = 0; index < key.length; index++) if (bytes[at + index] !== key[index]) return false;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Four hexadecimal digits; {@link NONE} where they are none. */
function hex4(bytes: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index]!;
    const lower = byte | 0x20;
    const digit = isDigit(byte) ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NONE;
    if (digit === NONE) return NONE;
    value = (value << 4) | digit;
  }
  return value;
}

/** Whether a text with its length, from `at` to `end`, is one of the keys before it, in pairs from `first`. */
function hasKey(texts: Buffer, first: number, at: number, end: number): boolean {
  for (let key = first; key < at; ) {
    const value = key + 4 + texts.readUInt32LE(key);
    if (texts.compare(texts, at, end, key, value) === 0) return true;
    key = value + 4 + texts.readUInt32LE(value);
  }
  return false;
}
