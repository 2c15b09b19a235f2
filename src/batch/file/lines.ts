import { Buffer, isUtf8 } from 'node:buffer';

/** What a line of the input becomes; lines are counted from 1. */
export interface LineMaker<Item> {
  /** Whether blank ones are lines too, so that input and output have as many. */
  readonly blank: 'lines' | 'left out';
  /** Of a line. */
  line(number: number, text: string): Item;
  /** Of a line that is none: too long, or no UTF-8; then with its bytes. */
  problem(number: number, problem: string, bytes?: Buffer): Item;
}

/** A longer line is refused, so that a file without line breaks does not end up in memory. */
const MAX_LINE_BYTES: number = 64 * 1024 * 1024;

/** What is wrong with a line that is no text. */
export const NO_TEXT: string = 'it is not UTF-8';

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Splits UTF-8 into lines, a chunk at a time. Holds one chunk and the beginning of one line. A line is made into what it
 * becomes when it is asked for, so that it is garbage again before the collector sees it.
 */
export class LineSplitter<Item> {
  readonly #maxBytes: number;
  readonly #make: LineMaker<Item>;
  #number = 0;
  /** The beginning of a line whose end has not come yet. */
  #pieces: Buffer[] = [];
  #length = 0;
  /** What is ready, in this order: single lines, then a text of whole lines. */
  #ready: Item[] = [];
  #text = '';
  #at = 0;

  constructor(make: LineMaker<Item>, maxBytes: number = MAX_LINE_BYTES) {
    this.#make = make;
    this.#maxBytes = maxBytes;
  }

  /** Takes the next chunk; all lines of the one before have been taken out. */
  push(chunk: Buffer): void {
    const first = chunk.indexOf(NEWLINE);
    if (first === -1) {
      this.#take(chunk);
      return;
    }
    this.#take(chunk.subarray(0, first));
    this.#end();
    const last = chunk.lastIndexOf(NEWLINE);
    if (last > first) this.#whole(chunk.subarray(first + 1, last + 1));
    if (last + 1 < chunk.length) this.#take(chunk.subarray(last + 1));
  }

  /** There is no more: the last line may have no line break. */
  end(): void {
    if (this.#length > 0) this.#end();
  }

  /** What the next line becomes, or undefined when another chunk is needed. */
  next(): Item | undefined {
    if (this.#ready.length > 0) return this.#ready.shift();
    while (this.#at < this.#text.length) {
      const end = this.#text.indexOf('\n', this.#at);
      const line = cleanLine(this.#text.slice(this.#at, end), ++this.#number);
      this.#at = end + 1;
      if (this.#counts(line)) return this.#make.line(this.#number, line);
    }
    this.#text = '';
    this.#at = 0;
    return undefined;
  }

  #counts(line: string): boolean {
    // Most lines begin with something else than space.
    return line.charCodeAt(0) > 0x20 || this.#make.blank === 'lines' || line.trim() !== '';
  }

  #take(piece: Buffer): void {
    this.#length += piece.length;
    // Of a line that is too long only the length is kept.
    if (this.#length > this.#maxBytes) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  /** The line in pieces has ended. */
  #end(): void {
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    const length = this.#length;
    this.#pieces = [];
    this.#length = 0;
    this.#single(bytes, length);
  }

  #single(bytes: Buffer, length: number): void {
    const number = ++this.#number;
    if (length > this.#maxBytes) {
      this.#ready.push(this.#make.problem(number, `it has ${length} bytes; ${this.#maxBytes} are the most`));
    } else if (!isUtf8(bytes)) this.#ready.push(this.#make.problem(number, NO_TEXT, bytes));
    else {
      const line = cleanLine(bytes.toString('utf8'), number);
      if (this.#counts(line)) this.#ready.push(this.#make.line(number, line));
    }
  }

  /** Lines that begin and end in this chunk: decoded at once, because a call for each costs more than the line. */
  #whole(bytes: Buffer): void {
    if (bytes.length <= this.#maxBytes && isUtf8(bytes)) {
      this.#text = bytes.toString('utf8');
      return;
    }
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, start)) {
      this.#single(bytes.subarray(start, at), at - start);
      start = at + 1;
    }
  }
}

/** A line without the rest of its line break and the byte order mark of the first. */
export function cleanLine(text: string, number: number): string {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  return number === 1 && line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line;
}
