import { PluginError } from '../../errors.ts';
import { FailedRecord } from '../flight.ts';
import type { RecordSource } from '../source.ts';
import type { RecordReader } from './reader.ts';
import { type FileRecord, malformedError } from './record.ts';
import type { BatchWriter } from './writer.ts';

/** Records that may begin with one line in the journal. */
const RESERVATION = 256;

const END = { done: true, value: undefined } as const;

/** How earlier runs of the same batch bear on this one. */
export interface Earlier {
  /** Records below this one may have begun, and are not to run again; 0 if they may. */
  readonly begun: number;
  /** Whether each record has to stand in the journal before it begins. */
  readonly atMostOnce: boolean;
}

/** The records of a file that are still to run. */
export class FileSource implements RecordSource<FileRecord | FailedRecord<FileRecord>> {
  readonly #reader: RecordReader;
  readonly #writer: BatchWriter;
  readonly #earlier: Earlier;
  readonly #interrupt: AbortSignal | undefined;
  #index = 0;
  /** Records below this one may begin. */
  #reserved: number;

  constructor(reader: RecordReader, writer: BatchWriter, earlier: Earlier, interrupt: AbortSignal | undefined) {
    this.#reader = reader;
    this.#writer = writer;
    this.#earlier = earlier;
    this.#interrupt = interrupt;
    this.#reserved = earlier.atMostOnce ? earlier.begun : Number.POSITIVE_INFINITY;
  }

  next():
    | IteratorResult<FileRecord | FailedRecord<FileRecord>>
    | Promise<IteratorResult<FileRecord | FailedRecord<FileRecord>>> {
    for (;;) {
      if (this.#interrupt?.aborted) return END;
      if (this.#index >= this.#reserved) return this.#reserve();
      const record = this.#reader.next();
      if (record instanceof Promise) return record.then((read) => this.#admitOrNext(read));
      if (record === undefined) return END;
      const value = this.#admit(record);
      if (value !== undefined) return { done: false, value };
    }
  }

  /** How many records were read. */
  get records(): number {
    return this.#index;
  }

  /** The file is closed by whoever opened it. */
  async stop(): Promise<void> {}

  #admitOrNext(record: FileRecord | undefined): ReturnType<FileSource['next']> {
    if (record === undefined || this.#interrupt?.aborted) return END;
    const value = this.#admit(record);
    return value === undefined ? this.next() : { done: false, value };
  }

  async #reserve(): Promise<IteratorResult<FileRecord | FailedRecord<FileRecord>>> {
    const reserved = this.#index + RESERVATION;
    await this.#writer.begin(reserved);
    this.#reserved = reserved;
    return this.next();
  }

  /** What is to run of a record; undefined when an earlier run did it. */
  #admit(record: FileRecord): FileRecord | FailedRecord<FileRecord> | undefined {
    const index = this.#index++;
    if (this.#writer.done.has(index)) return undefined;
    record.index = index;
    if (record.malformed !== undefined) return new FailedRecord(record, malformedError(record));
    if (index >= this.#earlier.begun) return record;
    const error = new PluginError('ERR_WORKER_CRASHED', 'The run was killed while the record may have been running', {
      began: true,
      hint: 'It may have had effects. Look at them before you run it again.',
    });
    return new FailedRecord(record, error);
  }
}
