import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type ErrorCode, LIMIT_CODES } from '../errors.ts';
import type { JobOutcome } from '../scheduler/job.ts';
import { type Interval, type Proportion, quantileRanks } from './confidence.ts';

/** Ends that say nothing about the version, even when it had begun: somebody else decided. */
const NOT_ITS_DOING: ReadonlySet<ErrorCode> = new Set(['ERR_ABORTED', 'ERR_ENGINE_CLOSED', 'ERR_PLUGIN_NOT_FOUND']);
const LIMITS: ReadonlySet<ErrorCode> = new Set(LIMIT_CODES);
/** Times in microseconds, to two digits, up to an hour. */
const PRECISION = { lowest: 1, highest: 3_600_000_000, figures: 2 };

/** What the requests of one side of a canary came to. It takes the same memory however many they are. */
export class Sample {
  #requests = 0;
  #errors = 0;
  #limits = 0;
  readonly #latencies: RecordableHistogram = createHistogram(PRECISION);

  get requests(): number {
    return this.#requests;
  }

  get errors(): Proportion {
    return { count: this.#errors, of: this.#requests };
  }

  get limits(): Proportion {
    return { count: this.#limits, of: this.#requests };
  }

  /**
   * Adds a request, unless it says nothing about the version. One that never began does not: how long it waits, and
   * whether that was too long, is the queue's doing, which both sides share.
   */
  add({ code, success, ranMs }: JobOutcome): void {
    if (ranMs === undefined || (code !== undefined && NOT_ITS_DOING.has(code))) return;
    this.#requests++;
    if (!success) this.#errors++;
    if (code !== undefined && LIMITS.has(code)) this.#limits++;
    this.#latencies.record(Math.min(Math.max(Math.round(ranMs * 1000), PRECISION.lowest), PRECISION.highest));
  }

  /** Adds a request that the version did not take because it fails all the time. */
  refused(): void {
    this.#requests++;
    this.#errors++;
  }

  /** A quantile of the latencies so far, in milliseconds. */
  latency(quantile: number): number {
    return this.#latencies.percentile(quantile * 100) / 1000;
  }

  /** Between which latencies the true quantile lies, in milliseconds. */
  latencyInterval(quantile: number, z: number): Interval {
    const { count } = this.#latencies;
    const { low, high } = quantileRanks(count, quantile, z);
    return {
      low: low < 1 ? 0 : this.latency(low / count),
      high: Number.isFinite(high) ? this.latency(high / count) : high,
    };
  }
}
