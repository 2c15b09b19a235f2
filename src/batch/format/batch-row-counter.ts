import { PassThrough } from 'node:stream';
import type { Counter } from '../file/check-written.ts';
import { loadArrow } from './arrow-encoder.ts';

/** Counts the rows of an Arrow stream, a chunk at a time; of one that is no such stream there are as many as were found. */
export class BatchRowCounter implements Counter {
  readonly #bytes = new PassThrough();
  readonly #counted: Promise<void>;
  #records = 0;

  private constructor(arrow: Awaited<ReturnType<typeof loadArrow>>) {
    this.#counted = this.#count(arrow).catch(() => {});
  }

  static async open(): Promise<BatchRowCounter> {
    return new BatchRowCounter(await loadArrow('Reading Arrow'));
  }

  get records(): number {
    return this.#records;
  }

  take(chunk: Uint8Array): void {
    this.#bytes.write(chunk);
  }

  async end(): Promise<void> {
    this.#bytes.end();
    await this.#counted;
  }

  async #count({ RecordBatchReader }: Awaited<ReturnType<typeof loadArrow>>): Promise<void> {
    for await (const { numRows } of await RecordBatchReader.from(this.#bytes)) this.#records += numRows;
  }
}
