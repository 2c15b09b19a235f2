import { setTimeout as delay } from 'node:timers/promises';
import { PluginError } from '../../errors.ts';
import { FailedRecord } from '../flight.ts';
import type { RecordSource } from '../source.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { Pace } from './pace.ts';
import type { RecordReader } from './reader.ts';
import { type FileRecord, malformedError } from './record.ts';
import { Selection } from './selection.ts';
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

/** What knows which records are done, and is told which may begin. */
export interface Begun {
  readonly done: Pick<BatchWriter['done'], 'has'>;
  begin(index: number): Promise<void>;
}

/** The records of a file that are still to run. */
export class FileSource implements RecordSource<FileRecord | FailedRecord<FileRecord>> {
  readonly #reader: RecordReader;
  readonly #writer: Begun;
  readonly #earlier: Earlier;
  readonly #interrupt: AbortSignal | undefined;
  readonly #selection: Selection;
  readonly #pace: Pace | undefined;
  readonly #stopped = new AbortController();
  #index = 0;
  /** Of the records that run. */
  #ordinal = 0;
  /** Records below this one may begin. */
  #reserved: number;

  constructor(
    reader: RecordReader,
    writer: Begun,
    earlier: Earlier,
    { selection, rate, interrupt }: Pick<ResolvedFileBatchOptions, 'selection' | 'rate' | 'interrupt'>,
  ) {
    this.#reader = reader;
    this.#writer = writer;
    this.#earlier = earlier;
    this.#interrupt = interrupt;
    this.#selection = new Selection(selection);
    this.#pace = rate === undefined ? undefined : new Pace(rate);
    this.#reserved = earlier.atMostOnce ? earlier.begun : Number.POSITIVE_INFINITY;
  }

  next():
    | IteratorResult<FileRecord | FailedRecord<FileRecord>>
    | Promise<IteratorResult<FileRecord | FailedRecord<FileRecord>>> {
    for (;;) {
      if (this.#interrupt?.aborted || this.#selection.isOver) return END;
      if (this.#ordinal >= this.#reserved) return this.#reserve();
      const record = this.#reader.next();
      if (record instanceof Promise) return record.then((read) => this.#admitOrNext(read));
      if (record === undefined) return END;
      const value = this.#admit(record);
      if (value !== undefined) return this.#paced(value);
    }
  }

  /** How many records were read that run. */
  get records(): number {
    return this.#ordinal;
  }

  /** The file is closed by whoever opened it. */
  async stop(): Promise<void> {
    this.#stopped.abort();
  }

  /** A record when it may begin. */
  #paced(value: FileRecord | FailedRecord<FileRecord>): ReturnType<FileSource['next']> {
    const milliseconds = this.#pace?.next() ?? 0;
    return milliseconds === 0 ? { done: false, value } : this.#later(value, milliseconds);
  }

  async #later(
    value: FileRecord | FailedRecord<FileRecord>,
    milliseconds: number,
  ): Promise<IteratorResult<FileRecord | FailedRecord<FileRecord>>> {
    const given = this.#stopped.signal;
    const signal = this.#interrupt === undefined ? given : AbortSignal.any([given, this.#interrupt]);
    for (let left = milliseconds; left > 0; left = this.#pace!.next()) {
      // Timers do not split a millisecond: what is slept too long is caught up on.
      await delay(left, undefined, { signal }).catch(() => {});
      // It has not begun: the run that continues this one reads it again.
      if (signal.aborted) return END;
    }
    return { done: false, value };
  }

  #admitOrNext(record: FileRecord | undefined): ReturnType<FileSource['next']> {
    if (record === undefined || this.#interrupt?.aborted) return END;
    const value = this.#admit(record);
    return value === undefined ? this.next() : this.#paced(value);
  }

  async #reserve(): Promise<IteratorResult<FileRecord | FailedRecord<FileRecord>>> {
    const reserved = this.#ordinal + RESERVATION;
    await this.#writer.begin(reserved);
    this.#reserved = reserved;
    return this.next();
  }

  /** What is to run of a record; undefined when an earlier run did it. */
  #admit(record: FileRecord): FileRecord | FailedRecord<FileRecord> | undefined {
    const index = this.#index++;
    if (!this.#selection.takes(index)) return undefined;
    const ordinal = this.#ordinal++;
    if (this.#writer.done.has(ordinal)) return undefined;
    record.index = index;
    record.ordinal = ordinal;
    if (record.malformed !== undefined) return new FailedRecord(record, malformedError(record));
    if (ordinal >= this.#earlier.begun) return record;
    const error = new PluginError('ERR_WORKER_CRASHED', 'The run was killed while the record may have been running', {
      began: true,
      hint: 'It may have had effects. Look at them before you run it again.',
    });
    return new FailedRecord(record, error);
  }
}
