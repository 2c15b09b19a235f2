import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type Parser, parse } from 'csv-parse';
import type { RequestOptions } from '../../protocol.ts';
import type { FileRecord } from './record.ts';

/** The columns that are fields of a record; every other one is an option of it. */
const FIELDS: ReadonlySet<string> = new Set(['id', 'plugin', 'input']);
/** A longer record is refused, so that a quote that is never closed does not take the file into memory. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** Reads CSV with a header (RFC 4180). A record that is malformed is one, and the next one is not. */
export class CsvReader {
  readonly #parser: Parser;
  readonly #options: RequestOptions;
  #records: FileRecord[] = [];
  #header: readonly string[] | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#parser = parse({
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
        this.#records.push({ line, malformed: error?.message ?? 'it is no CSV', id: undefined, text: '' });
        return undefined;
      },
    });
    this.#parser.on('error', (error) => {
      this.#failure ??= { error };
    });
    // Nothing comes out: `on_record` takes it all.
    this.#parser.resume();
  }

  /** The records that end in a chunk. */
  async push(chunk: Buffer): Promise<FileRecord[]> {
    await new Promise<void>((resolve) => this.#parser.write(chunk, () => resolve()));
    return this.#take();
  }

  /** The last record, if it has no line break. */
  async end(): Promise<FileRecord[]> {
    if (!this.#parser.destroyed) {
      const ended = Promise.race([once(this.#parser, 'end'), once(this.#parser, 'close')]);
      this.#parser.end();
      await ended;
    }
    return this.#take();
  }

  #take(): FileRecord[] {
    if (this.#failure !== undefined) throw this.#failure.error;
    const records = this.#records;
    this.#records = [];
    return records;
  }

  #record(values: readonly string[], line: number): void {
    const header = this.#header;
    if (header === undefined) {
      this.#header = values;
      if (!values.includes('input')) this.#failure = { error: new Error('its first line names no column `input`') };
      return;
    }
    const refuse = (malformed: string): void => {
      this.#records.push({ line, malformed, id: undefined, text: values.join(',') });
    };
    if (values.length !== header.length) {
      refuse(`it has ${values.length} columns, and the header ${header.length}`);
      return;
    }
    const at = (name: string): string | undefined => values[header.indexOf(name)];
    const own = header.flatMap((name, column): [string, string][] =>
      FIELDS.has(name) ? [] : [[name, values[column]!]],
    );
    const id = at('id');
    const plugin = at('plugin');
    const named = { ...(id !== undefined && { id }), ...(plugin !== undefined && plugin !== '' && { plugin }) };
    const options = own.length > 0 ? own : this.#options;
    this.#records.push({ line, request: { input: at('input')!, options, ...named } });
  }
}
