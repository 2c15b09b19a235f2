import { Buffer } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type * as Arrow from 'apache-arrow';
import type { ResultEncoder } from './encoder.ts';
import { loadPeer } from './peer.ts';
import { type ResultColumn, resultRows } from './result-row.ts';

/** What ends a stream (Arrow columnar format, "IPC streaming format"). */
const END: Buffer = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

export function loadArrow(what: string): Promise<typeof Arrow> {
  return loadPeer<typeof Arrow>('apache-arrow', what);
}

/**
 * Writes results as Arrow: a stream, in which each block of results is a record batch that needs nothing of those before
 * it, so that a run can go on behind any of them; or a file, which has an index at its end and is whole or none.
 */
export class ArrowEncoder implements ResultEncoder {
  readonly #arrow: typeof Arrow;
  readonly #schema: Arrow.Schema;
  readonly #kind: 'file' | 'stream';
  /** The schema as a stream begins with it. */
  readonly #head: Buffer;
  /** Of a file: it keeps where batches stand. */
  readonly #writer: Arrow.RecordBatchFileWriter;
  /** What it has written. */
  #pieces: Uint8Array[] = [];
  #batches = 0;

  private constructor(arrow: typeof Arrow, columns: readonly ResultColumn[], kind: 'file' | 'stream') {
    this.#arrow = arrow;
    this.#kind = kind;
    const { Utf8, Int64, Bool, Field, Schema } = arrow;
    const types = {
      id: Utf8,
      index: Int64,
      ok: Bool,
      output: Utf8,
      success: Bool,
      errorCode: Utf8,
      errorMessage: Utf8,
    };
    const required: ReadonlySet<ResultColumn> = new Set(['index', 'ok']);
    this.#schema = new Schema(columns.map((name) => new Field(name, new types[name](), !required.has(name))));
    this.#head = withoutEnd(Buffer.from(arrow.tableToIPC(new arrow.Table(this.#schema), 'stream')));
    this.#writer = new arrow.RecordBatchFileWriter({ autoDestroy: false });
  }

  static async open(columns: readonly ResultColumn[], kind: 'file' | 'stream'): Promise<ArrowEncoder> {
    return new ArrowEncoder(await loadArrow('Writing Arrow'), columns, kind);
  }

  async begin(): Promise<Buffer> {
    if (this.#kind === 'stream') return this.#head;
    void this.#listen();
    return Buffer.alloc(0);
  }

  async encode(lines: Buffer): Promise<Buffer> {
    const batch = this.#batch(lines);
    this.#batches++;
    if (this.#kind === 'file') {
      this.#writer.write(batch);
      return this.#written();
    }
    const whole = Buffer.from(this.#arrow.tableToIPC(new this.#arrow.Table(this.#schema, [batch]), 'stream'));
    return withoutEnd(whole).subarray(this.#head.length);
  }

  async end(): Promise<Buffer> {
    if (this.#kind === 'stream') return END;
    // Without one it would have no schema.
    if (this.#batches === 0) this.#writer.write(new this.#arrow.Table(this.#schema));
    this.#writer.finish();
    return this.#written();
  }

  async #listen(): Promise<void> {
    for await (const piece of this.#writer) this.#pieces.push(piece);
  }

  async #written(): Promise<Buffer> {
    // Pieces come by promises, all of which are settled by then.
    await nextTurn();
    const written = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return written;
  }

  #batch(lines: Buffer): Arrow.RecordBatch {
    const { vectorFromArray, RecordBatch, Struct, makeData } = this.#arrow;
    const rows = resultRows(lines);
    const children = this.#schema.fields.map(({ name, type }) => {
      const column = name as ResultColumn;
      const values = rows.map((row) => (column === 'index' ? BigInt(row.index) : row[column]));
      return vectorFromArray(values, type).data[0]!;
    });
    const type = new Struct(this.#schema.fields);
    return new RecordBatch(this.#schema, makeData({ type, length: rows.length, nullCount: 0, children }));
  }
}

/** The same without the mark of its end. */
function withoutEnd(stream: Buffer): Buffer {
  return stream.subarray(0, stream.length - END.length);
}
