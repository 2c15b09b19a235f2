import { Buffer, isUtf8 } from 'node:buffer';

/** A line of the input, counted from 1; blank lines are counted and left out. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly problem: string };

/** A longer line is refused, so that a file without line breaks does not end up in memory. */
const MAX_LINE_BYTES: number = 64 * 1024 * 1024;

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/** Splits UTF-8 into lines, a chunk at a time. Holds the beginning of one line at the most. */
export class LineSplitter {
  readonly #maxBytes: number;
  #number = 0;
  /** The beginning of a line whose end has not come yet. */
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in a chunk. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    const first = chunk.indexOf(NEWLINE);
    if (first === -1) {
      this.#take(chunk);
      return lines;
    }
    this.#take(chunk.subarray(0, first));
    this.#end(lines);
    const last = chunk.lastIndexOf(NEWLINE);
    if (last > first) this.#whole(chunk.subarray(first + 1, last + 1), lines);
    if (last + 1 < chunk.length) this.#take(chunk.subarray(last + 1));
    return lines;
  }

  /** The last line, if it has no line break. */
  end(): Line[] {
    const lines: Line[] = [];
    if (this.#length > 0) this.#end(lines);
    return lines;
  }

  #take(piece: Buffer): void {
    this.#length += piece.length;
    // Of a line that is too long only the length is kept.
    if (this.#length > this.#maxBytes) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  /** The line in pieces has ended. */
  #end(lines: Line[]): void {
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    const length = this.#length;
    this.#pieces = [];
    this.#length = 0;
    this.#single(bytes, length, lines);
  }

  #single(bytes: Buffer, length: number, lines: Line[]): void {
    const number = ++this.#number;
    if (length > this.#maxBytes) {
      lines.push({ number, problem: `it has ${length} bytes; ${this.#maxBytes} are the most` });
    } else if (!isUtf8(bytes)) lines.push({ number, problem: 'it is not UTF-8' });
    else this.#text(number, bytes.toString('utf8'), lines);
  }

  /** Lines that begin and end in this chunk: decoded at once, because a call for each costs more than the line. */
  #whole(bytes: Buffer, lines: Line[]): void {
    if (bytes.length > this.#maxBytes || !isUtf8(bytes)) {
      let start = 0;
      for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, start)) {
        this.#single(bytes.subarray(start, at), at - start, lines);
        start = at + 1;
      }
      return;
    }
    const text = bytes.toString('utf8');
    let start = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', start)) {
      this.#text(++this.#number, text.slice(start, at), lines);
      start = at + 1;
    }
  }

  #text(number: number, text: string, lines: Line[]): void {
    let line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (number === 1 && line.startsWith(BYTE_ORDER_MARK)) line = line.slice(1);
    // Most lines begin with something else than space.
    if (line.charCodeAt(0) > 0x20 || line.trim() !== '') lines.push({ number, text: line });
  }
}
