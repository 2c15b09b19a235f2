import type { Counter } from '../file/check-written.ts';
import type { ResolvedCsvOptions } from './csv-options.ts';

/** Counts the rows of CSV, a chunk at a time, without the header: line breaks inside of quotes end none. */
export class RowCounter implements Counter {
  readonly #quote: number;
  #rows: number;
  #quoted = false;

  constructor({ quote, header }: ResolvedCsvOptions) {
    this.#rows = header ? -1 : 0;
    this.#quote = (quote || '"').charCodeAt(0);
  }

  get records(): number {
    return Math.max(this.#rows, 0);
  }

  take(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === this.#quote) this.#quoted = !this.#quoted;
      else if (byte === 0x0a && !this.#quoted) this.#rows++;
    }
  }
}
