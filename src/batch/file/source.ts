import { PluginError } from '../../errors.ts';
import type { BatchRequest } from '../options.ts';
import { FailedRecord } from '../run.ts';
import type { RecordSource } from '../source.ts';
import type { RecordReader } from './reader.ts';
import { type FileRecord, malformedError } from './record.ts';
import type { BatchWriter } from './writer.ts';

/** A record that runs, and its place in the file. */
export interface Admitted {
  readonly index: number;
  readonly record: FileRecord;
}

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

/** The records of a file that are still to run. Keeps those in flight. */
export class FileSource implements RecordSource<BatchRequest | FailedRecord> {
  readonly #reader: RecordReader;
  readonly #writer: BatchWriter;
  readonly #earlier: Earlier;
  readonly #interrupt: AbortSignal | undefined;
  /** By their number in this run. */
  readonly #inFlight = new Map<number, Admitted>();
  #index = 0;
  #admitted = 0;
  /** Records below this one may begin. */
  #reserved: number;

  constructor(reader: RecordReader, writer: BatchWriter, earlier: Earlier, interrupt: AbortSignal | undefined) {
    this.#reader = reader;
    this.#writer = writer;
    this.#earlier = earlier;
    this.#interrupt = interrupt;
    this.#reserved = earlier.atMostOnce ? earlier.begun : Number.POSITIVE_INFINITY;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Gives the record of a result, which is done. */
  take(number: number): Admitted {
    const admitted = this.#inFlight.get(number)!;
    this.#inFlight.delete(number);
    return admitted;
  }

  next(): IteratorResult<BatchRequest | FailedRecord> | Promise<IteratorResult<BatchRequest | FailedRecord>> {
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

  /** The file is closed by whoever opened it. */
  async stop(): Promise<void> {}

  #admitOrNext(record: FileRecord | undefined): ReturnType<FileSource['next']> {
    if (record === undefined || this.#interrupt?.aborted) return END;
    const value = this.#admit(record);
    return value === undefined ? this.next() : { done: false, value };
  }

  async #reserve(): Promise<IteratorResult<BatchRequest | FailedRecord>> {
    const reserved = this.#index + RESERVATION;
    await this.#writer.begin(reserved);
    this.#reserved = reserved;
    return this.next();
  }

  /** What is to run of a record; undefined when an earlier run did it. */
  #admit(record: FileRecord): BatchRequest | FailedRecord | undefined {
    const index = this.#index++;
    if (this.#writer.done.has(index)) return undefined;
    this.#inFlight.set(this.#admitted++, { index, record });
    if ('malformed' in record) return new FailedRecord(malformedError(record), record.id);
    if (index >= this.#earlier.begun) return record.request;
    const error = new PluginError('ERR_WORKER_CRASHED', 'The run was killed while the record may have been running', {
      began: true,
      hint: 'It may have had effects. Look at them before you run it again.',
    });
    return new FailedRecord(error, record.request.id);
  }
}
