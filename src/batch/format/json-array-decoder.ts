import { Buffer, isUtf8 } from 'node:buffer';
import type { LineMaker } from '../file/lines.ts';
import { LineSplitter, NO_TEXT } from '../file/lines.ts';
import type { FileRecord } from '../file/record.ts';
import { UnusableTable } from './columns.ts';
import type { RecordDecoder } from './decoder.ts';

/** A longer element is refused, so that a bracket that is never closed does not take the file into memory. */
const MAX_ELEMENT_BYTES = 64 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

type State =
  | 'before the array'
  /** Nothing but white space has come of an element. */
  | 'before an element'
  | 'in an element'
  | 'after the array';

/**
 * Cuts an array of JSON into its elements, in the memory of one of them. It only knows strings and brackets; whether an
 * element is JSON is found where it is read, so that one that is none is an error of that record. (Parsers that stream
 * make values of everything, lose the digits of numbers and say nothing of lines.)
 *
 * What begins with something else than an array is JSON lines, which have objects.
 */
export class JsonArrayDecoder implements RecordDecoder {
  readonly #make: LineMaker<FileRecord>;
  readonly #maxBytes: number;
  #state: State = 'before the array';
  #seen = 0;
  #line = 1;
  #depth = 0;
  #string: 'no' | 'yes' | 'escape' = 'no';
  /** Whether one has come, so that nothing between commas is missing. */
  #elements = 0;
  /** The element whose end has not come yet, and where it began. */
  #pieces: Buffer[] = [];
  #length = 0;
  #startLine = 1;
  #records: FileRecord[] = [];
  #at = 0;
  #lines: LineSplitter<FileRecord> | undefined;

  constructor(make: LineMaker<FileRecord>, maxBytes: number = MAX_ELEMENT_BYTES) {
    this.#make = make;
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#records = [];
    this.#at = 0;
    let from = 0;
    if (this.#state === 'before the array' && this.#lines === undefined) from = this.#begin(chunk);
    if (this.#lines !== undefined) this.#lines.push(from === 0 ? chunk : chunk.subarray(from));
    else if (from < chunk.length) this.#scan(chunk, from);
  }

  end(): void {
    this.#records = [];
    this.#at = 0;
    if (this.#lines !== undefined) this.#lines.end();
    else if (this.#state === 'in an element') {
      throw new UnusableTable(`its array ends inside of the element that begins on line ${this.#startLine}`);
    } else if (this.#state === 'before an element') throw new UnusableTable('its array is not closed');
  }

  next(): FileRecord | undefined {
    if (this.#lines !== undefined) return this.#lines.next();
    return this.#at < this.#records.length ? this.#records[this.#at++] : undefined;
  }

  /** Looks for the bracket of the array; whether it is there decides what the file is. */
  #begin(chunk: Buffer): number {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === NEWLINE) this.#line++;
      if (SPACES.has(byte) || byte === BYTE_ORDER_MARK[this.#seen]) {
        if (!SPACES.has(byte)) this.#seen++;
        continue;
      }
      if (byte === OPEN) {
        this.#state = 'before an element';
        return at + 1;
      }
      this.#lines = new LineSplitter(this.#shifted(this.#line - 1));
      return at;
    }
    return chunk.length;
  }

  /** Lines were read before the first one with something on it. */
  #shifted(lines: number): LineMaker<FileRecord> {
    const make = this.#make;
    return {
      blank: 'left out',
      line: (number, text) => make.line(number + lines, text),
      problem: (number, problem, bytes) => make.problem(number + lines, problem, bytes),
    };
  }

  #scan(chunk: Buffer, from: number): void {
    let start = from;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === NEWLINE) this.#line++;
      if (this.#string !== 'no') {
        if (this.#string === 'escape') this.#string = 'yes';
        else if (byte === BACKSLASH) this.#string = 'escape';
        else if (byte === QUOTE) this.#string = 'no';
        continue;
      }
      if (SPACES.has(byte)) continue;
      if (this.#state === 'after the array') {
        throw new UnusableTable(`something comes after its array, on line ${this.#line}`);
      }
      const ends = this.#depth === 0 && (byte === COMMA || byte === CLOSE);
      if (this.#state === 'before an element') {
        if (byte === CLOSE && this.#elements === 0) {
          this.#state = 'after the array';
          continue;
        }
        this.#state = 'in an element';
        this.#startLine = this.#line;
        start = at;
      }
      if (ends) {
        this.#take(chunk.subarray(start, at));
        this.#element();
        this.#state = byte === COMMA ? 'before an element' : 'after the array';
      } else if (byte === QUOTE) this.#string = 'yes';
      else if (byte === OPEN || byte === BRACE_OPEN) this.#depth++;
      else if ((byte === CLOSE || byte === BRACE_CLOSE) && this.#depth > 0) this.#depth--;
    }
    if (this.#state === 'in an element') this.#take(chunk.subarray(start));
  }

  #take(piece: Buffer): void {
    this.#length += piece.length;
    // Of an element that is too long only the length is kept.
    if (this.#length > this.#maxBytes) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  #element(): void {
    this.#elements++;
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    const length = this.#length;
    this.#pieces = [];
    this.#length = 0;
    this.#records.push(this.#record(bytes, length));
  }

  #record(bytes: Buffer, length: number): FileRecord {
    const line = this.#startLine;
    if (length > this.#maxBytes) {
      return this.#make.problem(line, `it has ${length} bytes; ${this.#maxBytes} are the most`);
    }
    if (!isUtf8(bytes)) return this.#make.problem(line, NO_TEXT, bytes);
    const text = bytes.toString('utf8').trimEnd();
    if (text === '') return this.#make.problem(line, 'nothing stands before the comma or the end of the array');
    return this.#make.line(line, text);
  }
}
