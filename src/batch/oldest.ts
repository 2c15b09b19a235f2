import { performance } from 'node:perf_hooks';

/**
 * The record in flight that waits for longest.
 *
 * @example
 * const show = (oldest: OldestRecord | undefined) => console.log('everything waits for record', oldest?.index);
 * show(engine.batch([], { plugin: 'redact' }).progress().oldest);
 */
export interface OldestRecord {
  /** The plugin that has it, or is to get it. */
  readonly plugin: string;
  /** Its place among the records, from 0. */
  readonly index: number;
  readonly id: string | undefined;
  /** For how long it is known to be the oldest. */
  readonly seconds: number;
}

/** Keeps since when a record is the oldest. It looks when somebody asks: a clock for each record would cost too much. */
export class OldestInFlight {
  #key: unknown;
  #since = 0;

  /** @param record What is the oldest now; `key` tells it from all others. */
  look(record: (Omit<OldestRecord, 'seconds'> & { readonly key: unknown }) | undefined): OldestRecord | undefined {
    const now = performance.now();
    if (record?.key !== this.#key) {
      this.#key = record?.key;
      this.#since = now;
    }
    if (record === undefined) return undefined;
    const { plugin, index, id } = record;
    return { plugin, index, id, seconds: (now - this.#since) / 1000 };
  }
}
