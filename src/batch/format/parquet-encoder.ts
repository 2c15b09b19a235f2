import { Buffer } from 'node:buffer';
import type { ByteWriter, ColumnSource, ParquetWriter, SchemaElement } from 'hyparquet-writer';
import type { ResultEncoder } from './encoder.ts';
import { loadPeer } from './peer.ts';
import { type ResultColumn, type ResultRow, resultRows } from './result-row.ts';

/** A row group has so many rows, or so many bytes of lines, at the most: it is held in memory. */
const GROUP_ROWS = 64 * 1024;
const GROUP_BYTES = 8 * 1024 * 1024;

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

const TYPES: Readonly<Record<ResultColumn, Omit<SchemaElement, 'name'>>> = {
  id: { ...TEXT, repetition_type: 'OPTIONAL' },
  index: { type: 'INT64', repetition_type: 'REQUIRED' },
  ok: { type: 'BOOLEAN', repetition_type: 'REQUIRED' },
  output: { ...TEXT, repetition_type: 'OPTIONAL' },
  success: { type: 'BOOLEAN', repetition_type: 'OPTIONAL' },
  errorCode: { ...TEXT, repetition_type: 'OPTIONAL' },
  errorMessage: { ...TEXT, repetition_type: 'OPTIONAL' },
};

/** Writes results as Parquet. What is written last says where all the rest is, so that such a file is whole or none. */
export class ParquetEncoder implements ResultEncoder {
  readonly #columns: readonly ResultColumn[];
  readonly #bytes: ByteWriter;
  readonly #writer: ParquetWriter;
  #rows: ResultRow[] = [];
  #length = 0;

  private constructor(columns: readonly ResultColumn[], bytes: ByteWriter, writer: ParquetWriter) {
    this.#columns = columns;
    this.#bytes = bytes;
    this.#writer = writer;
  }

  static async open(columns: readonly ResultColumn[]): Promise<ParquetEncoder> {
    type Writer = typeof import('hyparquet-writer');
    const { ByteWriter, ParquetWriter } = await loadPeer<Writer>('hyparquet-writer', 'Writing Parquet');
    const bytes = new ByteWriter();
    const schema: SchemaElement[] = [
      { name: 'results', num_children: columns.length },
      ...columns.map((name) => ({ name, ...TYPES[name] })),
    ];
    return new ParquetEncoder(
      columns,
      bytes,
      new ParquetWriter({ writer: bytes, schema, createdBy: 'wasm-plugin-pool' }),
    );
  }

  begin(): Buffer {
    return this.#taken();
  }

  async encode(lines: Buffer): Promise<Buffer> {
    for (const row of resultRows(lines)) this.#rows.push(row);
    this.#length += lines.length;
    if (this.#rows.length >= GROUP_ROWS || this.#length >= GROUP_BYTES) await this.#group();
    return this.#taken();
  }

  async end(): Promise<Buffer> {
    if (this.#rows.length > 0) await this.#group();
    await this.#writer.finish();
    return this.#taken();
  }

  async #group(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#length = 0;
    const columnData: ColumnSource[] = this.#columns.map((name) => ({
      name,
      data: rows.map((row) => (name === 'index' ? BigInt(row.index) : row[name])),
      // Another list in memory, of each page.
      offsetIndex: false,
    }));
    await this.#writer.write({ columnData, rowGroupSize: rows.length });
  }

  /** What was written since it was asked last. */
  #taken(): Buffer {
    const taken = Buffer.from(this.#bytes.getBytes());
    this.#bytes.index = 0;
    return taken;
  }
}
