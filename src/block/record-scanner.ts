import type { Buffer } from 'node:buffer';
import {
  asciiBytes,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  isDigit,
  NEWLINE,
  NONE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  standsAt,
} from './json-marks.ts';
import { JsonSkipper } from './json-skipper.ts';
import { unescapeJson } from './json-unescape.ts';

/** What has more options than this is left to `JSON.parse`. */
const MAX_OPTIONS = 32;

const ID = asciiBytes('id');
const INPUT = asciiBytes('input');
const PLUGIN = asciiBytes('plugin');
const OPTIONS = asciiBytes('options');

/**
 * Finds the fields of a record in a line of JSON without making a value of it: `id`, `input`, `options` and `plugin` in
 * any order, the others left where they are. What it accepts is what `JSON.parse` would make of the line; what is unusual
 * (a key with an escape, half a surrogate, an option that is no string) it leaves to that.
 */
export class RecordScanner extends JsonSkipper {
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
  /** Where {@link writeOptions} or {@link unescape} ended. */
  end = 0;

  /**
   * Scans the line at an offset.
   *
   * @param limit Where the last line ends.
   * @returns false for what is to be left to `JSON.parse`, malformed lines among them.
   */
  scan(at: number, limit: number): boolean {
    const bytes = this.bytes;
    this.limit = limit;
    this.idAt = NONE;
    this.inputAt = NONE;
    this.pluginAt = NONE;
    this.optionsAt = NONE;
    let here = this.space(at);
    if (here >= limit || bytes[here] !== OPEN_BRACE) return false;
    here = this.space(here + 1);
    for (;;) {
      if (here >= limit || bytes[here] !== QUOTE) return false;
      const keyAt = here + 1;
      here = this.string(here);
      if (here === NONE || this.escaped) return false;
      const keyEnd = here - 1;
      here = this.space(here);
      if (here >= limit || bytes[here] !== COLON) return false;
      here = this.space(here + 1);
      if (here >= limit) return false;
      here = this.#field(keyAt, keyEnd, here);
      if (here === NONE) return false;
      here = this.space(here);
      if (here >= limit) return false;
      const byte = bytes[here];
      here = this.space(here + 1);
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
    const bytes = this.bytes;
    let here = this.optionsAt;
    const isList = bytes[here] === OPEN_BRACKET;
    if (!isList && bytes[here] !== OPEN_BRACE) return NONE;
    const close = isList ? CLOSE_BRACKET : CLOSE_BRACE;
    let end = at;
    let count = 0;
    here = this.space(here + 1);
    if (bytes[here] === close) {
      this.end = end;
      return 0;
    }
    for (;;) {
      if (isList) {
        if (bytes[here] !== OPEN_BRACKET) return NONE;
        here = this.space(here + 1);
      }
      const keyAt = end;
      here = this.#text(here, to, end);
      if (here === NONE) return NONE;
      end = this.end;
      // Objects sort keys that are numbers first, and of two that are the same the last one counts.
      if (!isList && (isDigit(to[keyAt + 4]!) || hasKey(to, at, keyAt, end))) return NONE;
      here = this.space(here);
      if (bytes[here] !== (isList ? COMMA : COLON)) return NONE;
      here = this.#text(this.space(here + 1), to, end);
      if (here === NONE) return NONE;
      end = this.end;
      here = this.space(here);
      if (isList) {
        if (bytes[here] !== CLOSE_BRACKET) return NONE;
        here = this.space(here + 1);
      }
      if (++count > MAX_OPTIONS) return NONE;
      const byte = bytes[here];
      here = this.space(here + 1);
      if (byte === COMMA) continue;
      this.end = end;
      return byte === close ? count : NONE;
    }
  }

  /**
   * Writes a string that has escapes as what it stands for, which is never longer.
   *
   * @returns false for half a surrogate, which UTF-8 has no bytes for.
   */
  unescape(from: number, until: number, to: Buffer, at: number): boolean {
    this.end = unescapeJson(this.bytes, from, until, to, at);
    return this.end !== NONE;
  }

  /** Writes a string with its length in front. Returns where it ends in the line. */
  #text(at: number, to: Buffer, end: number): number {
    if (this.bytes[at] !== QUOTE) return NONE;
    const after = this.string(at);
    if (after === NONE || !this.unescape(at + 1, after - 1, to, end + 4)) return NONE;
    to.writeUInt32LE(this.end - end - 4, end);
    return after;
  }

  /** Takes note of a field. Returns where its value ends. */
  #field(keyAt: number, keyEnd: number, at: number): number {
    const bytes = this.bytes;
    const length = keyEnd - keyAt;
    if (length === 2 && standsAt(bytes, keyAt, ID)) {
      if (bytes[at] !== QUOTE) return NONE;
      const end = this.string(at);
      if (this.escaped) return NONE;
      this.idAt = at;
      this.idEnd = end;
      return end;
    }
    if (length === 5 && standsAt(bytes, keyAt, INPUT)) {
      if (bytes[at] !== QUOTE) return NONE;
      const end = this.string(at);
      this.inputAt = at + 1;
      this.inputEnd = end - 1;
      this.inputEscaped = this.escaped;
      return end;
    }
    if (length === 6 && standsAt(bytes, keyAt, PLUGIN)) {
      if (bytes[at] !== QUOTE) return NONE;
      const end = this.string(at);
      if (this.escaped || end === at + 2) return NONE;
      this.pluginAt = at + 1;
      this.pluginEnd = end - 1;
      return end;
    }
    if (length === 7 && standsAt(bytes, keyAt, OPTIONS)) this.optionsAt = at;
    return this.value(at, 0);
  }
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
