import { Buffer, isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import type { CsvError, Parser } from 'csv-parse';
import { FileRecord } from '../file/record.ts';
import { RowReader, type TableForm, UnusableTable } from './columns.ts';
import type { ResolvedCsvOptions } from './csv-options.ts';
import type { RecordDecoder } from './decoder.ts';

/** A longer record is refused, so that a quote that is never closed does not take the file into memory. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK: Buffer = Buffer.from('\ufeff');

/** What csv-parse 7 keeps to itself: the cells so far of the record that it is at. */
interface Internals {
  readonly api: { readonly state: { readonly record: unknown } };
}

/** Reads CSV (RFC 4180, and what goes by that name). A row that is malformed is one, and the next one is not. */
export class CsvDecoder implements RecordDecoder {
  readonly #csv: ResolvedCsvOptions;
  readonly #form: TableForm;
  #parser: Parser | undefined;
  /** Those of the chunk that is being parsed, and of the one that is being taken out. */
  #records: FileRecord[] = [];
  #chunk: readonly FileRecord[] = [];
  #at = 0;
  #rows: RowReader | undefined;
  #width = 0;
  #failure: { readonly error: unknown } | undefined;
  /** The first bytes, until there are enough to see whether they are a mark. */
  #mark: Buffer | 'seen' = Buffer.alloc(0);

  constructor(csv: ResolvedCsvOptions, form: TableForm) {
    this.#csv = csv;
    this.#form = form;
  }

  async push(given: Buffer): Promise<void> {
    const parser = await this.#open();
    const chunk = this.#withoutMark(given);
    await new Promise<void>((resolve) => parser.write(chunk, () => resolve()));
    this.#begin();
  }

  /** The last record may have no line break. */
  async end(): Promise<void> {
    const parser = await this.#open();
    if (typeof this.#mark !== 'string') parser.write(this.#mark);
    if (!parser.destroyed) {
      const ended = Promise.race([once(parser, 'end'), once(parser, 'close')]);
      parser.end();
      await ended;
    }
    this.#begin();
  }

  next(): FileRecord | undefined {
    return this.#at < this.#chunk.length ? this.#chunk[this.#at++] : undefined;
  }

  /** The parser would take a byte order mark for a wish to have text. */
  #withoutMark(given: Buffer): Buffer {
    if (typeof this.#mark === 'string') return given;
    const chunk = Buffer.concat([this.#mark, given]);
    if (chunk.length < BYTE_ORDER_MARK.length) {
      this.#mark = chunk;
      return Buffer.alloc(0);
    }
    this.#mark = 'seen';
    const marked = chunk.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    return marked ? chunk.subarray(BYTE_ORDER_MARK.length) : chunk;
  }

  async #open(): Promise<Parser> {
    if (this.#parser !== undefined) return this.#parser;
    // Few programs read CSV.
    const { parse } = await import('csv-parse');
    const { delimiter, quote } = this.#csv;
    let skipped: unknown;
    const parser: Parser = parse({
      // Bytes: as text, what is no UTF-8 would be another character, and nobody would know.
      encoding: null,
      delimiter,
      quote,
      escape: quote,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: MAX_RECORD_BYTES,
      on_record: (record: readonly unknown[], { lines }) => {
        const cells = record as readonly Uint8Array[];
        this.#record(cells, lines - breaksIn(cells));
        return null;
      },
      on_skip: (error) => {
        const { lines } = (error ?? {}) as { readonly lines?: unknown };
        const line = typeof lines === 'number' ? lines : 0;
        // A record that is wrong in several places is one.
        const row = (parser as unknown as Internals).api.state.record;
        if (row === skipped) return undefined;
        skipped = row;
        this.#records.push(new FileRecord(line, { malformed: whyNone(error), text: '' }));
        return undefined;
      },
    });
    parser.on('error', (error) => {
      this.#failure ??= { error };
    });
    // Nothing comes out: `on_record` takes it all.
    this.#parser = parser.resume();
    return this.#parser;
  }

  #begin(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#chunk = this.#records;
    this.#records = [];
    this.#at = 0;
  }

  #record(cells: readonly Uint8Array[], line: number): void {
    if (this.#failure !== undefined) return;
    const values = cells.map(textOf);
    const broken = cells.findIndex((cell) => !isUtf8(cell));
    if (this.#rows === undefined) {
      try {
        if (broken !== -1 && this.#csv.header) throw new UnusableTable('its first line is not UTF-8');
        const names = this.#csv.header ? values : values.map((_, at) => `${at + 1}`);
        this.#rows = new RowReader(names, this.#form);
        this.#width = names.length;
      } catch (error) {
        this.#failure = { error };
        return;
      }
      if (this.#csv.header) return;
    }
    const { delimiter, quote } = this.#csv;
    const refuse = (malformed: string): void => {
      const text = broken === -1 ? values.map((cell) => quoted(cell, delimiter, quote)).join(delimiter) : '';
      this.#records.push(new FileRecord(line, { malformed, text }));
    };
    if (broken !== -1) refuse(`its column ${broken + 1} is not UTF-8`);
    else if (values.length !== this.#width) {
      const first = this.#csv.header ? 'the header' : 'the first line';
      refuse(`it has ${values.length} columns, and ${first} ${this.#width}`);
    } else this.#records.push(this.#rows.record(line, (column) => values[column]!));
  }
}

/** Line breaks inside of cells: the parser says where a record ends. */
function breaksIn(cells: readonly Uint8Array[]): number {
  let breaks = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf(NEWLINE); at !== -1; at = cell.indexOf(NEWLINE, at + 1)) breaks++;
  }
  return breaks;
}

/** In words of ours: the parser's show bytes as JSON. */
function whyNone(error: Error | undefined): string {
  const { code, column } = (error ?? {}) as Partial<CsvError>;
  const where = typeof column === 'number' ? `column ${column + 1}` : 'a cell';
  switch (code) {
    case 'INVALID_OPENING_QUOTE':
      return `its ${where} has a quote that does not begin the cell`;
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `its ${where} goes on after its closing quote`;
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote is never closed';
    case 'CSV_MAX_RECORD_SIZE':
      return `it has more than ${MAX_RECORD_BYTES} bytes`;
    default:
      return error?.message ?? 'it is no CSV';
  }
}

function textOf(cell: Uint8Array): string {
  return Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString('utf8');
}

/** A cell as CSV has it. */
function quoted(cell: string, delimiter: string, quote: string | false): string {
  if (quote === false) return cell;
  const needed = cell.includes(delimiter) || cell.includes(quote) || /[\r\n]/.test(cell);
  return needed ? `${quote}${cell.replaceAll(quote, quote + quote)}${quote}` : cell;
}
