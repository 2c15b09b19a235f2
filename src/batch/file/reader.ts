import type { Buffer } from 'node:buffer';
import type { RequestOptions } from '../../protocol.ts';
import { CsvReader } from './csv.ts';
import { brokenFile } from './errors.ts';
import type { InputFormat } from './format.ts';
import type { BatchInput } from './input.ts';
import { LineSplitter } from './lines.ts';
import { type FileRecord, parseRecord, plainRecord } from './record.ts';

/** Turns chunks of a file into records. */
interface Decoder {
  push(chunk: Buffer): readonly FileRecord[] | Promise<readonly FileRecord[]>;
  end(): readonly FileRecord[] | Promise<readonly FileRecord[]>;
}

/** Reads the records of a file, a chunk at a time; those of one chunk come without waiting. */
export class RecordReader {
  readonly #input: BatchInput;
  readonly #decoder: Decoder;
  #records: readonly FileRecord[] = [];
  #at = 0;
  #state: 'open' | 'ended' = 'open';

  constructor(input: BatchInput, format: InputFormat, options: RequestOptions) {
    this.#input = input;
    this.#decoder = decoder(format, options);
  }

  /** The next record, undefined at the end, or a promise where the file has to be read. */
  next(): FileRecord | undefined | Promise<FileRecord | undefined> {
    if (this.#at < this.#records.length) return this.#records[this.#at++];
    return this.#state === 'ended' ? undefined : this.#read();
  }

  async #read(): Promise<FileRecord | undefined> {
    while (this.#at >= this.#records.length && this.#state === 'open') {
      const chunk = await this.#input.read();
      try {
        this.#records = await (chunk === undefined ? this.#decoder.end() : this.#decoder.push(chunk));
      } catch (error) {
        throw brokenFile('reading', this.#input.name, error);
      }
      this.#at = 0;
      if (chunk === undefined) this.#state = 'ended';
    }
    return this.#at < this.#records.length ? this.#records[this.#at++] : undefined;
  }
}

function decoder(format: InputFormat, options: RequestOptions): Decoder {
  if (format === 'csv') return new CsvReader(options);
  const splitter = new LineSplitter();
  const record = format === 'jsonl' ? parseRecord : plainRecord;
  return {
    push: (chunk) => splitter.push(chunk).map((line) => record(line, options)),
    end: () => splitter.end().map((line) => record(line, options)),
  };
}
