import { Buffer, isUtf8 } from 'node:buffer';
import type * as Arrow from 'apache-arrow';
import { FileRecord } from '../file/record.ts';
import { loadArrow } from './arrow-encoder.ts';
import { type RawCell, recordOf, UnusableCell } from './bytes-cell.ts';
import { RowReader, type TableForm, UnusableTable } from './columns.ts';
import { unusableColumn } from './parquet-reader.ts';
import type { RandomAccess } from './random-access.ts';

/** Where the bytes come from. */
export interface ArrowSource {
  /** Gives the next bytes; undefined at the end. */
  chunks(): Promise<Buffer | undefined>;
  /** Of a file that can be read at any place. */
  readonly file: RandomAccess | undefined;
}

/** What a file begins with; behind it, padded to eight bytes, stand batches as in a stream, and behind those an index. */
const MAGIC = Buffer.from('ARROW1');
const MAGIC_BYTES = 8;

/** What comes in place of a character that is none. */
const REPLACEMENT = '\ufffd';

/** Reads the rows of an Arrow file or stream, a record batch at a time. */
export class ArrowReader {
  readonly #source: ArrowSource;
  readonly #form: TableForm;
  #reader: Arrow.AsyncRecordBatchStreamReader | Arrow.AsyncRecordBatchFileReader | undefined;
  #batches = 0;
  #rows: RowReader | undefined;
  #names: readonly string[] = [];
  #batch: Arrow.RecordBatch | undefined;
  #columns: readonly (Arrow.Vector | null)[] = [];
  #at = 0;
  #before = 0;

  constructor(source: ArrowSource, form: TableForm) {
    this.#source = source;
    this.#form = form;
  }

  /** How much of a file was read, from 0 to 1; undefined for what is read from its beginning to its end. */
  get share(): number | undefined {
    if (this.#reader === undefined || !('numRecordBatches' in this.#reader)) return undefined;
    return this.#batches / Math.max(this.#reader.numRecordBatches, 1);
  }

  next(): FileRecord | undefined | Promise<FileRecord | undefined> {
    return this.#batch !== undefined && this.#at < this.#batch.numRows ? this.#record() : this.#read();
  }

  #record(): FileRecord {
    const at = this.#at++;
    const cellAt = (column: number): RawCell => cellOf(this.#columns[column]!, at);
    return recordOf(this.#rows!, this.#before + at + 1, this.#names, cellAt, refused);
  }

  async #read(): Promise<FileRecord | undefined> {
    if (this.#reader === undefined) {
      const { RecordBatchReader, DataType } = await loadArrow('Reading Arrow');
      const file = await this.#file();
      const reader = await RecordBatchReader.from(
        (file ?? this.#stream()) as Parameters<typeof RecordBatchReader.from>[0],
      );
      this.#reader = reader as Arrow.AsyncRecordBatchStreamReader | Arrow.AsyncRecordBatchFileReader;
      await this.#reader.open();
      const { schema } = this.#reader;
      if (schema === undefined || schema === null) throw new UnusableTable('it is no Arrow file or stream');
      this.#names = schema.fields.map(({ name }) => name);
      this.#rows = new RowReader(this.#names, this.#form);
      for (const at of this.#rows.used) {
        const { name, type } = schema.fields[at]!;
        const plain = DataType.isDictionary(type) ? type.dictionary : type;
        if (!isMapped(DataType, plain)) throw new UnusableTable(unusableColumn(name, `${type}`));
      }
    }
    for (;;) {
      const next = await this.#reader.next();
      if (next.done) return undefined;
      this.#before += this.#batch?.numRows ?? 0;
      const batch = next.value;
      this.#batches++;
      this.#batch = batch;
      this.#columns = this.#names.map((_, at) => batch.getChildAt(at));
      this.#at = 0;
      if (batch.numRows > 0) return this.#record();
    }
  }

  /** A file as the library reads it: by its index, because not every writer has the schema in front. */
  async #file(): Promise<object | undefined> {
    const { file } = this.#source;
    if (file === undefined || file.size < MAGIC_BYTES) return undefined;
    if (!Buffer.from(await file.read(0, MAGIC.length)).equals(MAGIC)) return undefined;
    return {
      // It takes what has these for an open file.
      fd: -1,
      stat: async () => ({ size: file.size }),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        const end = Math.min(position + length, file.size);
        const bytes = await file.read(position, end);
        buffer.set(bytes, offset);
        return { bytesRead: bytes.length, buffer };
      },
      close: async () => {},
    };
  }

  /** The stream that a file from a pipe has in it; what comes after that is left alone. */
  async *#stream(): AsyncGenerator<Uint8Array> {
    let head: Buffer = Buffer.alloc(0);
    while (head.length < MAGIC_BYTES) {
      const chunk = await this.#source.chunks();
      if (chunk === undefined) break;
      head = Buffer.concat([head, chunk]);
    }
    yield head.subarray(0, MAGIC.length).equals(MAGIC) ? head.subarray(MAGIC_BYTES) : head;
    for (let chunk = await this.#source.chunks(); chunk !== undefined; chunk = await this.#source.chunks()) yield chunk;
  }
}

function refused(line: number, malformed: string): FileRecord {
  return new FileRecord(line, { malformed, text: '' });
}

function isMapped(types: typeof Arrow.DataType, type: Arrow.DataType): boolean {
  if (types.isUtf8(type) || types.isLargeUtf8(type) || types.isBinary(type) || types.isLargeBinary(type)) return true;
  if (types.isInt(type) || types.isBool(type) || types.isNull(type)) return true;
  // Halves come as their bits.
  return types.isFloat(type) && type.precision > 0;
}

function cellOf(vector: Arrow.Vector, at: number): RawCell {
  const value = vector.get(at) as RawCell | null;
  // A text that is no UTF-8 would be another one.
  if (typeof value === 'string' && value.includes(REPLACEMENT) && !isUtf8(bytesOf(vector, at, value))) {
    throw new UnusableCell('has bytes that are no UTF-8');
  }
  return value;
}

/** The bytes of a text; of one that is in a dictionary, what it was read as. */
function bytesOf(vector: Arrow.Vector, at: number, value: string): Uint8Array {
  const { valueOffsets, values } = vector.data[0]! as { valueOffsets?: ArrayLike<number | bigint>; values?: unknown };
  if (valueOffsets === undefined || !(values instanceof Uint8Array)) return Buffer.from(value);
  return values.subarray(Number(valueOffsets[at]), Number(valueOffsets[at + 1]));
}
