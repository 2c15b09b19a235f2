import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import type * as Hyparquet from 'hyparquet';
import { FileRecord } from '../file/record.ts';
import { type RawCell, recordOf } from './bytes-cell.ts';
import { RowReader, type TableForm, UnusableTable } from './columns.ts';
import { loadPeer } from './peer.ts';
import type { RandomAccess } from './random-access.ts';

/** Types that are no text, number or truth; what they stand for would be guessed. */
const UNMAPPED: ReadonlySet<string> = new Set(['DATE', 'DECIMAL', 'INTERVAL', 'TIME', 'TIMESTAMP', 'BSON', 'FLOAT16']);

const bytes = (value: Uint8Array): Uint8Array => value;
/** As they stand in the file: texts are looked at before they are believed. */
const PARSERS = { stringFromBytes: bytes, jsonFromBytes: bytes };
/** The codecs that Node has, beside Snappy, which hyparquet has. Bounded by what the page says it has. */
const COMPRESSORS: NonNullable<Hyparquet.ParquetReadOptions['compressors']> = {
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: length }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: length }),
  ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: length }),
};

/** Reads the rows of a Parquet file, a row group at a time, of which it has the columns that are used in memory. */
export class ParquetReader {
  readonly #file: RandomAccess;
  readonly #form: TableForm;
  #parquet: typeof Hyparquet | undefined;
  #metadata: Hyparquet.FileMetaData | undefined;
  #rows: RowReader | undefined;
  #names: readonly string[] = [];
  #group = 0;
  /** Rows of the groups before, and how far it is in this one. */
  #before = 0;
  #at = 0;
  #count = 0;
  #columns: ReadonlyMap<number, ArrayLike<RawCell>> = new Map();

  constructor(file: RandomAccess, form: TableForm) {
    this.#file = file;
    this.#form = form;
  }

  next(): FileRecord | undefined | Promise<FileRecord | undefined> {
    return this.#at < this.#count ? this.#record() : this.#read();
  }

  /** How much of it was read, from 0 to 1. */
  get share(): number {
    const rows = Number(this.#metadata?.num_rows ?? 0);
    return rows === 0 ? 0 : Math.min(1, (this.#before + this.#count) / rows);
  }

  #record(): FileRecord {
    const at = this.#at++;
    const cellAt = (column: number): RawCell => this.#columns.get(column)![at];
    return recordOf(this.#rows!, this.#before + at + 1, this.#names, cellAt, refused);
  }

  async #read(): Promise<FileRecord | undefined> {
    this.#parquet ??= await loadPeer<typeof import('hyparquet')>('hyparquet', 'Reading Parquet');
    const file = {
      byteLength: this.#file.size,
      slice: async (start: number, end = this.#file.size) => {
        const read = await this.#file.read(start, Math.min(end, this.#file.size));
        return read.buffer.slice(read.byteOffset, read.byteOffset + read.length);
      },
    };
    this.#metadata ??= await this.#parquet.parquetMetadataAsync(file);
    this.#rows ??= this.#open(this.#metadata);
    while (this.#group < this.#metadata.row_groups.length) {
      const rowStart = this.#before + this.#count;
      const rowEnd = rowStart + Number(this.#metadata.row_groups[this.#group++]!.num_rows);
      const columns = new Map<number, ArrayLike<RawCell>>();
      for (const at of this.#rows.used) {
        const name = this.#names[at]!;
        const scan = await this.#parquet.parquetScan({
          file,
          metadata: this.#metadata,
          columns: [name],
          rowStart,
          rowEnd,
          compressors: COMPRESSORS,
          parsers: PARSERS,
        });
        columns.set(at, await scan.readColumn({ column: name, rowStart, rowEnd }));
      }
      this.#columns = columns;
      this.#before = rowStart;
      this.#at = 0;
      this.#count = rowEnd - rowStart;
      if (this.#count > 0) return this.#record();
    }
    return undefined;
  }

  #open(metadata: Hyparquet.FileMetaData): RowReader {
    const { children } = this.#parquet!.parquetSchema(metadata);
    this.#names = children.map(({ element }) => element.name);
    const rows = new RowReader(this.#names, this.#form);
    for (const at of rows.used) {
      const type = unmapped(children[at]!);
      if (type !== undefined) throw new UnusableTable(unusableColumn(this.#names[at]!, type));
    }
    return rows;
  }
}

function refused(line: number, malformed: string): FileRecord {
  return new FileRecord(line, { malformed, text: '' });
}

/** Why a column cannot be mapped, for every format that has types. */
export function unusableColumn(name: string, type: string): string {
  return `its column \`${name}\` is of type ${type}, and texts, numbers, booleans and bytes are what can be mapped; leave it out of the options, or convert it`;
}

/** The type of a column that is no text, number, truth or bytes. */
function unmapped({ element, children }: Hyparquet.SchemaTree): string | undefined {
  const { type, converted_type: converted, logical_type: logical, repetition_type: repetition } = element;
  if (children.length > 0 || repetition === 'REPEATED') return logical?.type ?? converted ?? 'of a list or a struct';
  if (type === 'INT96') return type;
  if (type === 'FIXED_LEN_BYTE_ARRAY' && logical?.type !== 'UUID') return logical?.type ?? converted ?? type;
  for (const name of [logical?.type, converted]) {
    if (name !== undefined && [...UNMAPPED].some((other) => name.startsWith(other))) return name;
  }
  return undefined;
}
