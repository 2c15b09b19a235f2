import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Parser } from 'csv-parse';
import type { RequestOptions } from '../../contract/values.ts';
import { FileRecord } from './record.ts';

/** The columns that are fields of a record; every other one is an option of it. */
const FIELDS: ReadonlySet<string> = new Set(['id', 'plugin', 'input']);
/** A longer record is refused, so that a quote that is never closed does not take the file into memory. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** Reads CSV with a header (RFC 4180). A record that is malformed is one, and the next one is not. */
export class CsvReader {
  #parser: Parser | undefined;
  readonly #options: RequestOptions;
  /** Those of the chunk that is being parsed, and of the one that is being taken out. */
  #records: FileRecord[] = [];
  #chunk: readonly FileRecord[] = [];
  #at = 0;
  #header: readonly string[] | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: RequestOptions) {
    this.#options = options;
  }

  /** Takes the next chunk; all records of the one before have been taken out. */
  async push(chunk: Buffer): Promise<void> {
    const parser = await this.#open();
    await new Promise<void>((resolve) => parser.write(chunk, () => resolve()));
    this.#begin();
  }

  /** There is no more: the last record may have no line break. */
  async end(): Promise<void> {
    const parser = await this.#open();
    if (!parser.destroyed) {
      const ended = Promise.race([once(parser, 'end'), once(parser, 'close')]);
      parser.end();
      await ended;
    }
    this.#begin();
  }

  /** The next record, or undefined when another chunk is needed. */
  next(): FileRecord | undefined {
    return this.#at < this.#chunk.length ? this.#chunk[this.#at++] : undefined;
  }

  async #open(): Promise<Parser> {
    if (this.#parser !== undefined) return this.#parser;
    // Few programs read CSV.
    const { parse } = await import('csv-parse');
    const parser = parse({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: MAX_RECORD_BYTES,
      on_record: (record: string[], { lines }) => {
        this.#record(record, lines);
        return null;
      },
      on_skip: (error) => {
        const { lines } = (error ?? {}) as { readonly lines?: unknown };
        const line = typeof lines === 'number' ? lines : 0;
        this.#records.push(new FileRecord(line, { malformed: error?.message ?? 'it is no CSV', text: '' }));
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

  #record(values: readonly string[], line: number): void {
    const header = this.#header;
    if (header === undefined) {
      this.#header = values;
      if (!values.includes('input')) this.#failure = { error: new Error('its first line names no column `input`') };
      return;
    }
    const refuse = (malformed: string): void => {
      this.#records.push(new FileRecord(line, { malformed, text: values.join(',') }));
    };
    if (values.length !== header.length) {
      refuse(`it has ${values.length} columns, and the header ${header.length}`);
      return;
    }
    const at = (name: string): string | undefined => values[header.indexOf(name)];
    const own = header.flatMap((name, column): [string, string][] =>
      FIELDS.has(name) ? [] : [[name, values[column]!]],
    );
    const options = own.length > 0 ? own : this.#options;
    const record = { id: at('id'), plugin: at('plugin') || undefined, input: at('input')!, options };
    this.#records.push(new FileRecord(line, record));
  }
}
