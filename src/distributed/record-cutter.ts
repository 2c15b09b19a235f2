import { InputRecords } from '../batch/file/input-records.ts';
import type { BatchInputs } from '../batch/file/inputs.ts';
import type { ResolvedFileBatchOptions } from '../batch/file/options.ts';
import type { RecordReader } from '../batch/file/reader.ts';
import type { FileRecord } from '../batch/file/record.ts';
import { Selection } from '../batch/file/selection.ts';
import { CHUNK_BYTES } from './chunk.ts';
import { RecordStretch } from './record-stretch.ts';
import type { Cutter, Stretch } from './stretch.ts';

/** What a record takes beside its input, roughly: a million empty ones are no small chunk either. */
const RECORD_BYTES = 32;

/** Cuts a file between records that are found here: those of tables, and those that somebody has to look at one by one. */
export class RecordCutter implements Cutter {
  readonly #interrupt: AbortSignal | undefined;
  readonly #size: number;
  readonly #reader: RecordReader;
  readonly #selection: Selection;
  /** A record that was read and belongs to the next chunk. */
  #held: FileRecord | undefined;
  /** Of the records that were read, and of those of them that run, by which the queue knows them. */
  #index = 0;
  #ordinal = 0;

  /** @param size Records of a stretch at the most. */
  constructor(inputs: BatchInputs, options: ResolvedFileBatchOptions, size: number) {
    this.#interrupt = options.interrupt;
    this.#size = size;
    this.#reader = new InputRecords(inputs, options);
    this.#selection = new Selection(options.selection);
  }

  get read(): number {
    return this.#ordinal;
  }

  async next(): Promise<Stretch | undefined> {
    const records: FileRecord[] = [];
    let bytes = 0;
    while (records.length < this.#size) {
      const record = this.#held ?? (await this.#nextChosen());
      this.#held = undefined;
      if (this.#interrupt?.aborted) return undefined;
      if (record === undefined) break;
      const length = Buffer.byteLength(record.input) + RECORD_BYTES;
      if (records.length > 0 && bytes + length > CHUNK_BYTES) {
        this.#held = record;
        break;
      }
      bytes += length;
      record.ordinal = this.#ordinal++;
      records.push(record);
    }
    return records.length === 0 ? undefined : new RecordStretch(records);
  }

  async #nextChosen(): Promise<FileRecord | undefined> {
    while (!this.#selection.isOver) {
      const record = await this.#reader.next();
      if (record === undefined || this.#interrupt?.aborted) return undefined;
      record.index = this.#index++;
      if (this.#selection.takes(record.index)) return record;
    }
    return undefined;
  }
}
