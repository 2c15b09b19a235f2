import { Buffer, isUtf8 } from 'node:buffer';
import { FileRecord, whatStood } from '../file/record.ts';
import { RowReader, type TableForm, UnusableTable } from './columns.ts';
import type { ResolvedCsvOptions } from './csv-options.ts';
import { type CsvCell, type CsvRow, CsvRows } from './csv-rows.ts';
import type { RecordDecoder } from './decoder.ts';

const BYTE_ORDER_MARK: Buffer = Buffer.from('\ufeff');

/** Reads CSV (RFC 4180, and what goes by that name). A row that is malformed is one, and the next one is not. */
export class CsvDecoder implements RecordDecoder {
  readonly #csv: ResolvedCsvOptions;
  readonly #form: TableForm;
  readonly #rows: CsvRows;
  #reader: RowReader | undefined;
  #width = 0;
  /** The first bytes, until there are enough to see whether they are a mark. */
  #mark: Buffer | 'seen' = Buffer.alloc(0);

  constructor(csv: ResolvedCsvOptions, form: TableForm) {
    this.#csv = csv;
    this.#form = form;
    this.#rows = new CsvRows(csv);
  }

  push(chunk: Buffer): void {
    this.#rows.push(this.#withoutMark(chunk));
  }

  /** The last record may have no line break. */
  end(): void {
    if (typeof this.#mark !== 'string') this.#rows.push(this.#mark);
    this.#rows.end();
  }

  next(): FileRecord | undefined {
    const row = this.#rows.next();
    if (row === undefined) return undefined;
    if (this.#reader !== undefined) return this.#record(row, this.#reader);
    const { header } = this.#csv;
    // It does not say how many columns the others have.
    if (!header && row.malformed !== undefined) return noRecord(row, row.malformed);
    this.#begin(row);
    return header ? this.next() : this.#record(row, this.#reader!);
  }

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

  /** The first row says how many columns there are, and what they are called. */
  #begin(row: CsvRow): void {
    const { header } = this.#csv;
    if (header && row.malformed !== undefined) throw new UnusableTable(`its first row is malformed: ${row.malformed}`);
    if (header && !isUtf8(row.bytes)) throw new UnusableTable('its first line is not UTF-8');
    const names = row.cells.map((cell, at) => (header ? this.#textOf(row, cell) : `${at + 1}`));
    this.#reader = new RowReader(names, this.#form);
    this.#width = names.length;
  }

  #record(row: CsvRow, reader: RowReader): FileRecord {
    const malformed = this.#whyNone(row);
    if (malformed !== undefined) return noRecord(row, malformed);
    return reader.record(row.line, (column) => this.#textOf(row, row.cells[column]!));
  }

  #whyNone({ malformed, cells, bytes }: CsvRow): string | undefined {
    if (malformed !== undefined) return malformed;
    if (!isUtf8(bytes)) {
      const broken = cells.findIndex(({ start, end }) => !isUtf8(bytes.subarray(start, end)));
      return `its column ${broken + 1} is not UTF-8`;
    }
    if (cells.length === this.#width) return undefined;
    const first = this.#csv.header ? 'the header' : 'the first line';
    return `it has ${cells.length} columns, and ${first} ${this.#width}`;
  }

  #textOf({ bytes }: CsvRow, { start, end, doubled }: CsvCell): string {
    const { quote } = this.#csv;
    const text = bytes.toString('utf8', start, end);
    return doubled && quote !== false ? text.replaceAll(quote + quote, quote) : text;
  }
}

function noRecord({ line, bytes }: CsvRow, malformed: string): FileRecord {
  return new FileRecord(line, { malformed, ...whatStood(bytes) });
}
