import { Buffer, isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import type { Parser } from 'csv-parse';
import type { RequestOptions } from '../../contract/values.ts';
import type { FieldPath } from './field-path.ts';
import { fieldsOfLetters, type RecordFields, USUAL_NAMES } from './fields.ts';
import { FileRecord } from './record.ts';

/** A longer record is refused, so that a quote that is never closed does not take the file into memory. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

const BYTE_ORDER_MARK: Buffer = Buffer.from('\ufeff');

/** Reads CSV with a header (RFC 4180). A record that is malformed is one, and the next one is not. */
export class CsvReader {
  #parser: Parser | undefined;
  readonly #options: RequestOptions;
  readonly #fields: RecordFields;
  readonly #letters: RecordFields;
  /** The columns that are fields of a record; every other one is an option of it. */
  readonly #columns: ReadonlySet<string>;
  /** Those of the chunk that is being parsed, and of the one that is being taken out. */
  #records: FileRecord[] = [];
  #chunk: readonly FileRecord[] = [];
  #at = 0;
  #header: readonly string[] | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** The first bytes, until there are enough to see whether they are a mark. */
  #mark: Buffer | 'seen' = Buffer.alloc(0);

  constructor(options: RequestOptions, fields: RecordFields) {
    this.#options = options;
    this.#fields = fields;
    this.#letters = fieldsOfLetters(fields, 'csv');
    const { input, id, plugin } = fields;
    this.#columns = new Set([input.text, id?.text, plugin?.text].filter((name) => name !== undefined));
  }

  /** Takes the next chunk; all records of the one before have been taken out. */
  async push(given: Buffer): Promise<void> {
    const parser = await this.#open();
    const chunk = this.#withoutMark(given);
    await new Promise<void>((resolve) => parser.write(chunk, () => resolve()));
    this.#begin();
  }

  /** There is no more: the last record may have no line break. */
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

  /** The next record, or undefined when another chunk is needed. */
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
    const parser = parse({
      // Bytes: as text, what is no UTF-8 would be another character, and nobody would know.
      encoding: null,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: MAX_RECORD_BYTES,
      on_record: (record: readonly unknown[], { lines }) => {
        this.#record(record as readonly Uint8Array[], lines);
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

  #record(cells: readonly Uint8Array[], line: number): void {
    const values = cells.map(textOf);
    const broken = cells.findIndex((cell) => !isUtf8(cell));
    const header = this.#header;
    if (header === undefined) {
      this.#header = values;
      if (broken !== -1) this.#failure = { error: new Error('its first line is not UTF-8') };
      else if (this.#missing(values) !== undefined) {
        this.#failure = { error: new Error(`its first line names no column \`${this.#missing(values)}\``) };
      } else if (new Set(values).size < values.length) {
        this.#failure = { error: new Error('its first line names a column twice') };
      }
      return;
    }
    const refuse = (malformed: string): void => {
      const text = broken === -1 ? values.map(quoted).join(',') : '';
      this.#records.push(new FileRecord(line, { malformed, text }));
    };
    if (broken !== -1) {
      refuse(`its column ${broken + 1} is not UTF-8`);
      return;
    }
    if (values.length !== header.length) {
      refuse(`it has ${values.length} columns, and the header ${header.length}`);
      return;
    }
    const at = (path: FieldPath | undefined): string | undefined =>
      path === undefined ? undefined : values[header.indexOf(path.text)];
    const { input, id, plugin, options } = this.#fields;
    const others = header.flatMap((name, column): [string, string][] =>
      this.#columns.has(name) ? [] : [[name, values[column]!]],
    );
    const record = {
      id: at(id),
      plugin: at(plugin) || undefined,
      input: at(input)!,
      options: options !== undefined && others.length > 0 ? others : this.#options,
    };
    this.#records.push(new FileRecord(line, { ...record, ...this.#passedOn(record, others) }));
  }

  /** The other columns, beside what the record would be as JSON: a dead letter is read as such a one. */
  #passedOn(record: object, others: readonly (readonly [string, string])[]): Partial<FileRecord> {
    if (this.#letters.others === 'left out') return {};
    const members = [...Object.entries(record), ...besidesOf(others)].filter(([, value]) => value !== undefined);
    return { source: JSON.stringify(Object.fromEntries(members)), paths: this.#letters };
  }

  /** The column that a header lacks. */
  #missing(header: readonly string[]): string | undefined {
    const { input, id, idIs } = this.#fields;
    return [input.text, ...(idIs === 'needed' ? [id!.text] : [])].find((name) => !header.includes(name));
  }
}

/** Columns that are called as fields of a record are, and are none, are in `own`. */
function besidesOf(columns: readonly (readonly [string, string])[]): (readonly [string, unknown])[] {
  const own = columns.filter(([name]) => USUAL_NAMES.has(name) || name === 'own');
  const others = columns.filter((column) => !own.includes(column));
  return own.length === 0 ? others : [...others, ['own', Object.fromEntries(own)]];
}

function textOf(cell: Uint8Array): string {
  return Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString('utf8');
}

/** A cell as CSV has it. */
function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
