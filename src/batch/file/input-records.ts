import type { BatchInputs } from './inputs.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { openRecords, type RecordReader } from './reader.ts';
import type { FileRecord } from './record.ts';

/** The records of all inputs, one input after the other. */
export class InputRecords implements RecordReader {
  readonly #inputs: BatchInputs;
  readonly #form: Pick<ResolvedFileBatchOptions, 'options' | 'fields'>;
  #reader: RecordReader | undefined;
  #name: string | undefined;

  constructor(inputs: BatchInputs, form: Pick<ResolvedFileBatchOptions, 'options' | 'fields'>) {
    this.#inputs = inputs;
    this.#form = form;
  }

  next(): FileRecord | undefined | Promise<FileRecord | undefined> {
    const record = this.#reader?.next();
    if (record === undefined || record instanceof Promise) return this.#wait(record);
    record.file = this.#name;
    return record;
  }

  async #wait(first: Promise<FileRecord | undefined> | undefined): Promise<FileRecord | undefined> {
    let record = await first;
    while (record === undefined) {
      const next = await this.#inputs.next();
      if (next === undefined) return undefined;
      this.#name = next.name;
      this.#reader = openRecords(next.input, { ...this.#form, input: next.file });
      record = await this.#reader.next();
    }
    record.file = this.#name;
    return record;
  }
}
