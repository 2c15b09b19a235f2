import { Buffer } from 'node:buffer';

/** A row of CSV, until the next one is asked for. */
export interface CsvRow {
  /** Where it begins, from 1. */
  readonly line: number;
  /** As it stands there, without its line break. */
  readonly bytes: Buffer;
  /** What stands in its cells; quotes that are doubled are still. */
  readonly cells: readonly CsvCell[];
  /** Why it is none. */
  readonly malformed: string | undefined;
}

/** A cell, by its place in the bytes of the row, without quotes around it. */
export interface CsvCell {
  readonly start: number;
  readonly end: number;
  /** Whether it has quotes that are doubled. */
  readonly doubled: boolean;
}

/** What separates cells. */
export interface CsvMarks {
  readonly delimiter: string;
  readonly quote: string | false;
}

/** A longer row is refused, so that a quote that is never closed does not take the file into memory. */
const MAX_ROW_BYTES = 64 * 1024 * 1024;
/** So is one of more cells: each takes many times the memory of the delimiter that makes it. */
const MAX_CELLS = 1_000_000;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Where in a row it is: a cell begins; it has no quotes; it has them and is open; it was closed, or a quote in it is
 * doubled; it goes on after its end, which it must not.
 */
type Place = 'begin' | 'bare' | 'quoted' | 'closed' | 'beyond';

/**
 * Finds the rows of CSV (RFC 4180) in bytes that come in pieces. Rows end at `\n` and at `\r\n`, each as it likes, and at `\r` where
 * the first row does. A row that is malformed ends where its line does, unless a quote is open: the next one is as good as any.
 */
export class CsvRows {
  readonly #delimiter: Buffer;
  /** A byte; -1 where there is none. */
  readonly #quote: number;
  readonly #maxBytes: number;
  /** What was not taken out yet: from the row on that comes next. */
  #bytes: Buffer = Buffer.alloc(0);
  /** How much of `bytes` there is. */
  #filled = 0;
  #ended = false;
  /** Of the row that comes next: where it begins, how far it was looked at, and what it has so far. */
  #start = 0;
  #at = 0;
  #place: Place = 'begin';
  #cellStart = 0;
  #doubled = false;
  #cells: CsvCell[] = [];
  #malformed: string | undefined;
  #skipped = 0;
  /** Lines before the row, and those that ended in its cells. */
  #line = 0;
  #breaks = 0;
  /** Whether a row ends at a `\r` alone; the first one says so. */
  #returns: 'unknown' | 'end rows' | 'are text' = 'unknown';

  constructor({ delimiter, quote }: CsvMarks, maxBytes: number = MAX_ROW_BYTES) {
    this.#delimiter = Buffer.from(delimiter);
    this.#quote = quote === false ? -1 : quote.charCodeAt(0);
    this.#maxBytes = maxBytes;
  }

  /** Takes the next bytes; rows that were taken out are no longer valid. */
  push(chunk: Buffer): void {
    const start = this.#start;
    const kept = this.#filled - start;
    const needed = kept + chunk.length;
    // Twice as much where it has to grow: a row of many pieces is copied some times only.
    const bytes = needed > this.#bytes.length ? Buffer.allocUnsafe(Math.max(needed, 2 * kept)) : this.#bytes;
    if (start > 0 || bytes !== this.#bytes) this.#bytes.copy(bytes, 0, start, this.#filled);
    chunk.copy(bytes, kept);
    this.#bytes = bytes;
    this.#filled = needed;
    this.#at -= start;
    this.#cellStart -= start;
    this.#start = 0;
  }

  /** There is no more: the last row may have no line break. */
  end(): void {
    this.#ended = true;
  }

  /** The next row that is not blank; undefined where its end has not come yet. */
  next(): CsvRow | undefined {
    for (;;) {
      const length = this.#endOfRow();
      if (length === undefined) return undefined;
      const row = this.#row(length);
      if (row.bytes.length > 0 || row.malformed !== undefined) return row;
    }
  }

  /** Goes on to the end of the row. @returns How many bytes its line break has; undefined where that has not come. */
  #endOfRow(): number | undefined {
    const bytes = this.#bytes;
    const filled = this.#filled;
    while (this.#at < filled) {
      if (this.#place === 'quoted') {
        this.#takeQuoted();
        continue;
      }
      const byte = bytes[this.#at]!;
      if (byte === this.#quote) this.#takeQuote();
      else if (byte === NEWLINE) return this.#ends(1);
      else if (byte === RETURN) {
        const next = this.#at + 1;
        if (next === filled && !this.#ended) break;
        if (next < filled && bytes[next] === NEWLINE) return this.#ends(2);
        if (this.#returns === 'unknown') this.#returns = 'end rows';
        if (this.#returns === 'end rows' || next === filled) return this.#ends(1);
        this.#takeText();
      } else if (byte === this.#delimiter[0]) {
        const delimited = this.#isDelimiter();
        if (delimited === 'unknown') break;
        if (delimited) this.#endCell(this.#at, this.#delimiter.length);
        else this.#takeText();
      } else this.#takeText();
    }
    if (this.#at - this.#start > this.#maxBytes) this.#drop();
    if (!this.#ended || (this.#at === this.#start && this.#skipped === 0)) return undefined;
    if (this.#place === 'quoted') this.#refuse('has a quote that is never closed', this.#cells.length);
    return this.#ends(0);
  }

  /** Goes to the quote that closes the cell, or to the end. */
  #takeQuoted(): void {
    const rest = this.#bytes.subarray(this.#at, this.#filled);
    const quote = rest.indexOf(this.#quote);
    const text = quote === -1 ? rest : rest.subarray(0, quote);
    this.#breaks += newlinesIn(text);
    this.#at += text.length;
    if (quote === -1) return;
    this.#place = 'closed';
    this.#at++;
  }

  /** All but quotes, delimiters and line breaks, and those of them that are text. */
  #takeText(): void {
    if (this.#place === 'begin') {
      this.#place = 'bare';
      this.#cellStart = this.#at;
    } else if (this.#place === 'closed') {
      this.#place = 'beyond';
      this.#refuse('goes on after its closing quote', this.#cells.length);
    }
    this.#at++;
  }

  #takeQuote(): void {
    if (this.#place === 'begin') {
      this.#place = 'quoted';
      this.#cellStart = this.#at + 1;
    } else if (this.#place === 'closed') {
      this.#place = 'quoted';
      this.#doubled = true;
    } else if (this.#place === 'bare') this.#refuse('has a quote that does not begin the cell', this.#cells.length);
    this.#at++;
  }

  #isDelimiter(): boolean | 'unknown' {
    const delimiter = this.#delimiter;
    if (delimiter.length === 1) return true;
    const end = this.#at + delimiter.length;
    if (end > this.#filled && !this.#ended) return 'unknown';
    return end <= this.#filled && delimiter.compare(this.#bytes, this.#at, end) === 0;
  }

  #endCell(at: number, length: number): void {
    const start = this.#place === 'begin' ? at : this.#cellStart;
    const end = this.#place === 'closed' ? at - 1 : at;
    if (this.#cells.length < MAX_CELLS) {
      this.#cells.push({ start: start - this.#start, end: end - this.#start, doubled: this.#doubled });
    } else this.#malformed ??= `it has more than ${MAX_CELLS} columns`;
    this.#doubled = false;
    this.#place = 'begin';
    this.#at = at + length;
  }

  #ends(length: number): number {
    if (length > 0 && this.#returns === 'unknown') this.#returns = 'are text';
    // Of a row of which some was dropped all is, wherever the pieces were cut.
    if (this.#skipped > 0 || this.#at - this.#start > this.#maxBytes) this.#drop();
    this.#endCell(this.#at, length);
    return length;
  }

  /** The first thing that is wrong with a row is what is said of it. */
  #refuse(what: string, cell: number): void {
    this.#malformed ??= `its column ${cell + 1} ${what}`;
  }

  /** Of a row that is too long only the length is kept. */
  #drop(): void {
    this.#malformed ??= `it has more than ${this.#maxBytes} bytes`;
    this.#skipped += this.#at - this.#start;
    this.#start = this.#at;
    this.#cellStart = this.#at;
    this.#cells = [];
  }

  /** The row that has ended. */
  #row(breakLength: number): CsvRow {
    const end = this.#at - breakLength;
    const bytes = this.#bytes.subarray(this.#start, Math.max(this.#start, end));
    const row = { line: this.#line + 1, bytes, cells: this.#cells, malformed: this.#malformed };
    this.#line += this.#breaks + 1;
    this.#breaks = 0;
    this.#start = this.#at;
    this.#cells = [];
    this.#malformed = undefined;
    this.#skipped = 0;
    return row;
  }
}

function newlinesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
