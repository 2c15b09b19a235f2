import type { Buffer } from 'node:buffer';
import { CsvReader } from './csv.ts';
import { brokenFile } from './errors.ts';
import type { BatchInput } from './input.ts';
import { LineSplitter } from './lines.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { type FileRecord, recordMaker } from './record.ts';

/** Turns chunks of a file into records. */
interface Decoder {
  push(chunk: Buffer): void | Promise<void>;
  end(): void | Promise<void>;
  /** The next record of the last chunk. */
  next(): FileRecord | undefined;
}

/** What records look like. */
export interface RecordForm extends Pick<ResolvedFileBatchOptions, 'options' | 'fields'> {
  readonly input: Pick<ResolvedFileBatchOptions['input'], 'format'>;
}

/** Reads the records of a file, a chunk at a time; those of one chunk come without waiting. */
export class RecordReader {
  readonly #input: BatchInput;
  readonly #decoder: Decoder;
  #state: 'open' | 'ended' = 'open';

  constructor(input: BatchInput, { input: { format }, options, fields }: RecordForm) {
    this.#input = input;
    this.#decoder =
      format === 'csv' ? new CsvReader(options, fields) : new LineSplitter(recordMaker(format, options, fields));
  }

  /** The next record, undefined at the end, or a promise where the file has to be read. */
  next(): FileRecord | undefined | Promise<FileRecord | undefined> {
    return this.#decoder.next() ?? (this.#state === 'ended' ? undefined : this.#read());
  }

  async #read(): Promise<FileRecord | undefined> {
    while (this.#state === 'open') {
      const chunk = await this.#input.read();
      try {
        if (chunk !== undefined) await this.#decoder.push(chunk);
        else {
          this.#state = 'ended';
          await this.#decoder.end();
        }
      } catch (error) {
        throw brokenFile('reading', this.#input.name, error);
      }
      const record = this.#decoder.next();
      if (record !== undefined) return record;
    }
    return undefined;
  }
}
