import { Buffer } from 'node:buffer';
import type { stringify } from 'csv-stringify/sync';
import type { ResolvedCsvOptions } from './csv-options.ts';
import type { ResultEncoder } from './encoder.ts';
import { type ResultColumn, type ResultRow, resultRows } from './result-row.ts';

type Stringify = typeof stringify;
type Cell = ResultRow[ResultColumn];

/** Writes results as CSV (RFC 4180, with line breaks of one character). */
export class CsvEncoder implements ResultEncoder {
  readonly #stringify: Stringify;
  readonly #csv: ResolvedCsvOptions;
  readonly #columns: readonly ResultColumn[];

  private constructor(stringify: Stringify, csv: ResolvedCsvOptions, columns: readonly ResultColumn[]) {
    this.#stringify = stringify;
    this.#csv = csv;
    this.#columns = columns;
  }

  static async open(csv: ResolvedCsvOptions, columns: readonly ResultColumn[]): Promise<CsvEncoder> {
    const { stringify } = await import('csv-stringify/sync');
    return new CsvEncoder(stringify, csv, columns);
  }

  begin(): Buffer {
    return Buffer.from(this.#csv.header ? this.#text([this.#columns]) : '');
  }

  encode(lines: Buffer): Buffer {
    // A row of one empty cell would be a blank line, which readers leave out.
    const none = this.#columns.length === 1 ? '' : null;
    const rows = resultRows(lines).map((row) => this.#columns.map((column) => row[column] ?? none));
    return Buffer.from(this.#text(rows));
  }

  end(): Buffer {
    return Buffer.alloc(0);
  }

  #text(rows: readonly (readonly Cell[])[]): string {
    const { delimiter, quote } = this.#csv;
    return this.#stringify(rows as Cell[][], {
      delimiter,
      quote: quote || '"',
      escape: quote || '"',
      // An empty output is not the same as none, and what looks like a mark of the encoding would be one.
      quoted_match: /^(?:$|\ufeff)/,
      cast: { boolean: String },
    });
  }
}
