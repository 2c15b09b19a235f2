import { type Buffer, isUtf8 } from 'node:buffer';
import { asciiBytes, CLOSE_BRACE, NEWLINE, NONE, standsAt } from '../block/json-marks.ts';
import { JsonSkipper } from '../block/json-skipper.ts';
import { isObject, isText } from './incoming.ts';

/** How many results there are of each kind. */
export interface ResultCounts {
  succeeded: number;
  refused: number;
  failed: number;
}

const ID = asciiBytes('{"id":');
const INDEX = asciiBytes('"index":');
const OUTPUT = asciiBytes(',"ok":true,"output":');
const ERROR = asciiBytes(',"ok":false,"error":');
const SUCCESS = asciiBytes(',"success":true');
const REFUSAL = asciiBytes(',"success":false');
const MESSAGE = asciiBytes(',"errorMessage":');

/** Looks at lines of results that somebody else has written: whether they are JSON, and of which records. */
export class ResultLines extends JsonSkipper {
  /** Half a surrogate in an answer can only be told by who makes a value of it; nearly no lines have a whole one in escapes. */
  readonly #surrogates: boolean;
  /** Where the next line begins. */
  #next = 0;
  readonly counts: ResultCounts = { succeeded: 0, refused: 0, failed: 0 };

  /** @param bytes They are looked at fastest at an address that is a multiple of four. */
  constructor(bytes: Buffer) {
    super(bytes);
    this.#surrogates = bytes.includes('\\ud') || bytes.includes('\\uD');
  }

  /** Whether there are so many lines and no more, and each of them is the result of the record that comes next. */
  are(firstIndex: number, count: number): boolean {
    const { bytes } = this;
    if (!isUtf8(bytes)) return false;
    for (let index = firstIndex; index < firstIndex + count; index++) {
      const start = this.#next;
      if ((this.#surrogates || !this.#isUsual(start, index)) && !this.#isOther(start, index)) return false;
    }
    return this.#next === bytes.length;
  }

  /** Whether it is a line as {@link outputLine} writes it. */
  #isUsual(start: number, index: number): boolean {
    const { bytes } = this;
    let here = start + 1;
    if (standsAt(bytes, start, ID)) {
      here = this.value(start + ID.length, 0);
      if (here === NONE || bytes[here++] !== 0x2c) return false;
    } else if (bytes[start] !== 0x7b) return false;
    if (!standsAt(bytes, here, INDEX)) return false;
    here = this.#digits(here + INDEX.length, index);
    if (here === NONE) return false;
    if (standsAt(bytes, here, ERROR)) return this.#isOver(this.value(here + ERROR.length, 0), 'failed');
    if (!standsAt(bytes, here, OUTPUT) || bytes[here + OUTPUT.length] !== 0x22) return false;
    here = this.string(here + OUTPUT.length);
    if (here === NONE) return false;
    const how = standsAt(bytes, here, SUCCESS) ? 'succeeded' : standsAt(bytes, here, REFUSAL) ? 'refused' : undefined;
    if (how === undefined) return false;
    here += how === 'succeeded' ? SUCCESS.length : REFUSAL.length;
    if (!standsAt(bytes, here, MESSAGE)) return this.#isOver(here, how);
    here += MESSAGE.length;
    return bytes[here] === 0x22 && this.#isOver(this.string(here), how);
  }

  /** Goes past a number that has to be this one. */
  #digits(at: number, number: number): number {
    const digits = `${number}`;
    for (let digit = 0; digit < digits.length; digit++) {
      if (this.bytes[at + digit] !== digits.charCodeAt(digit)) return NONE;
    }
    return at + digits.length;
  }

  #isOver(at: number, how: keyof ResultCounts): boolean {
    if (at === NONE || this.bytes[at] !== CLOSE_BRACE || this.bytes[at + 1] !== NEWLINE) return false;
    this.counts[how]++;
    this.#next = at + 2;
    return true;
  }

  /** The same of a line that another version may have written. */
  #isOther(start: number, index: number): boolean {
    const end = this.bytes.indexOf(NEWLINE, start);
    if (end === -1) return false;
    const result = parsed(this.bytes.toString('utf8', start, end));
    if (result === undefined || result.index !== index) return false;
    const how = kindOf(result);
    if (how === undefined) return false;
    this.counts[how]++;
    this.#next = end + 1;
    return true;
  }
}

/** What a plugin answers is Unicode; what else a line has may stand in the record, of which JSON asks no such thing. */
function kindOf({
  ok,
  output,
  success,
  errorMessage,
  error,
}: Readonly<Record<string, unknown>>): keyof ResultCounts | undefined {
  if (ok === false) return typeof error === 'object' && error !== null ? 'failed' : undefined;
  if (ok !== true || !isText(output) || typeof success !== 'boolean') return undefined;
  if (errorMessage !== undefined && !isText(errorMessage)) return undefined;
  return success ? 'succeeded' : 'refused';
}

/** The members of an object; undefined for what is none. */
export function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
