import { performance } from 'node:perf_hooks';
import type { BatchProgress, PluginStatistics } from '../statistics.ts';
import type { FailureReason } from './reasons.ts';
import { type Done, verdictOn } from './result-line.ts';

/**
 * How a batch of files ended.
 *
 * @example
 * const summary: BatchSummary = await engine.batchFiles({ plugin: 'redact', input: 'in.jsonl', output: 'out.jsonl' });
 * console.log(`${summary.records} records in ${summary.seconds} s, ${summary.failed} failed`);
 */
export interface BatchSummary {
  readonly records: number;
  readonly succeeded: number;
  /** Records that the plugin answered with `success: false`. */
  readonly refused: number;
  /** Records without an answer. */
  readonly failed: number;
  /** Of the failed ones, those that are no records: lines that are malformed. */
  readonly malformed: number;
  /** Of the failed ones, those that began twice and failed each time, and those that failed for what is not their own. */
  readonly poison: number;
  readonly unlucky: number;
  /** The failed records by their code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Records whose results are of earlier runs. */
  readonly resumed: number;
  /** Attempts after the first one, in this run. */
  readonly retried: number;
  /** Of this run, and so are the rate and the plugins. */
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly plugins: readonly PluginStatistics[];
  readonly interrupted: boolean;
  /** Whether it was interrupted and a run with `resume` goes on; standard output, tables with an index and URLs cannot. */
  readonly resumable: boolean;
  /** Of a dry run: nothing was written. */
  readonly dryRun?: true;
  /** Of a dry run: why records are without success, put together. */
  readonly reasons?: readonly FailureReason[];
}

/** What a tally is made of, as a journal keeps it. */
export interface TallyState {
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
  readonly malformed: number;
  readonly poison?: number;
  readonly unlucky?: number;
  readonly errors: Readonly<Record<string, number>>;
}

const NOTHING: TallyState = {
  succeeded: 0,
  refused: 0,
  failed: 0,
  malformed: 0,
  poison: 0,
  unlucky: 0,
  errors: {},
};

/** Counts what became of the records. */
export class Tally {
  readonly resumed: number;
  readonly #startedAt = performance.now();
  readonly #errors: Map<string, number>;
  readonly #onAdded: (() => void) | undefined;
  #succeeded: number;
  #refused: number;
  #failed: number;
  #malformed: number;
  #poison: number;
  #unlucky: number;

  /**
   * @param state What earlier runs of the same batch counted.
   * @param onAdded Hears of each record, or of many at once.
   */
  constructor(state: TallyState = NOTHING, onAdded?: () => void) {
    this.#onAdded = onAdded;
    this.#succeeded = state.succeeded;
    this.#refused = state.refused;
    this.#failed = state.failed;
    this.#malformed = state.malformed;
    this.#poison = state.poison ?? 0;
    this.#unlucky = state.unlucky ?? 0;
    this.#errors = new Map(Object.entries(state.errors));
    this.resumed = this.records;
  }

  add(done: Done): void {
    const { record, response, error } = done;
    if (record.malformed !== undefined) this.#malformed++;
    if (error !== undefined) {
      const verdict = verdictOn(done);
      if (verdict === 'poison') this.#poison++;
      else if (verdict === 'unlucky') this.#unlucky++;
      this.#failed++;
      this.#errors.set(error.code, (this.#errors.get(error.code) ?? 0) + 1);
    } else if (response?.success) this.#succeeded++;
    else this.#refused++;
    this.#onAdded?.();
  }

  /** Counts many records at once. */
  addMany({ succeeded, refused, failed, malformed, poison = 0, unlucky = 0, errors }: TallyState): void {
    this.#poison += poison;
    this.#unlucky += unlucky;
    this.#succeeded += succeeded;
    this.#refused += refused;
    this.#failed += failed;
    this.#malformed += malformed;
    for (const code in errors) this.#errors.set(code, (this.#errors.get(code) ?? 0) + errors[code]!);
    this.#onAdded?.();
  }

  /** Counts a success of an earlier run. */
  keep(): void {
    this.#succeeded++;
  }

  get records(): number {
    return this.#succeeded + this.#refused + this.#failed;
  }

  /** Records that did not succeed. */
  get troubled(): number {
    return this.#refused + this.#failed;
  }

  /** Records of this run in a second. */
  get perSecond(): number {
    return (this.records - this.resumed) / this.seconds;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /**
   * How the batch ended.
   *
   * @param journal By which another run can go on; undefined where there is none.
   */
  summary(
    { retried, plugins }: Pick<BatchProgress, 'retried' | 'plugins'>,
    interrupted: boolean,
    journal?: unknown,
  ): BatchSummary {
    return {
      records: this.records,
      ...this.state,
      resumed: this.resumed,
      retried,
      seconds: Number(this.seconds.toFixed(3)),
      recordsPerSecond: Math.round(this.perSecond),
      plugins,
      interrupted,
      resumable: interrupted && journal !== undefined,
    };
  }

  get state(): Required<TallyState> {
    return {
      succeeded: this.#succeeded,
      refused: this.#refused,
      failed: this.#failed,
      malformed: this.#malformed,
      poison: this.#poison,
      unlucky: this.#unlucky,
      errors: Object.fromEntries([...this.#errors].sort(([, a], [, b]) => b - a)),
    };
  }
}
