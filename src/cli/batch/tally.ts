import type { BatchResult } from '../../batch/options.ts';
import { count, counted } from '../printable.ts';

/** What `batch --json` prints. */
export interface Summary {
  readonly records: number;
  readonly succeeded: number;
  /** Records that the plugin answered with `success: false`. */
  readonly refused: number;
  /** Records without an answer. */
  readonly failed: number;
  /** Of the failed ones, those that are no records: lines that are malformed. */
  readonly malformed: number;
  /** The failed records by their code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly interrupted: boolean;
}

/** Counts what became of the records. */
export class Tally {
  readonly #startedAt = performance.now();
  readonly #errors = new Map<string, number>();
  #succeeded = 0;
  #refused = 0;
  #failed = 0;
  #malformed = 0;

  add(result: BatchResult, line: 'record' | 'malformed'): void {
    if (line === 'malformed') this.#malformed++;
    if (!result.ok) {
      this.#failed++;
      this.#errors.set(result.error.code, (this.#errors.get(result.error.code) ?? 0) + 1);
    } else if (result.success) this.#succeeded++;
    else this.#refused++;
  }

  get records(): number {
    return this.#succeeded + this.#refused + this.#failed;
  }

  /** Records that did not succeed. */
  get troubled(): number {
    return this.#refused + this.#failed;
  }

  get perSecond(): number {
    return this.records / this.#seconds;
  }

  summary(interrupted: boolean): Summary {
    return {
      records: this.records,
      succeeded: this.#succeeded,
      refused: this.#refused,
      failed: this.#failed,
      malformed: this.#malformed,
      errors: Object.fromEntries([...this.#errors].sort(([, a], [, b]) => b - a)),
      seconds: Number(this.#seconds.toFixed(3)),
      recordsPerSecond: Math.round(this.perSecond),
      interrupted,
    };
  }

  get #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}

/** A summary for a reader: one line, and one more for each code. */
export function describeSummary(summary: Summary): string[] {
  const { records, succeeded, refused, failed, errors, seconds, recordsPerSecond, interrupted } = summary;
  const parts = [
    `${count(succeeded)} succeeded`,
    ...(refused > 0 ? [`${count(refused)} refused by the plugin`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
  ];
  const pace = `${seconds.toFixed(2)} s, ${count(recordsPerSecond)} a second`;
  const width = Math.max(...Object.keys(errors).map((code) => code.length));
  return [
    `${interrupted ? 'Interrupted: ' : ''}${counted(records, 'record')} in ${pace}: ${parts.join(', ')}`,
    ...Object.entries(errors).map(([code, times]) => `  ${code.padEnd(width)}  ${count(times)}`),
  ];
}
