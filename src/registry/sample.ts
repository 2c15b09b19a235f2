import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { ErrorCode } from '../errors.ts';
import { type Interval, type Proportion, quantileRanks } from './confidence.ts';

/** Failures that say nothing about the version: it was not asked, or its caller gave up. */
const NOT_ASKED: ReadonlySet<ErrorCode> = new Set([
  'ERR_QUEUE_FULL',
  'ERR_ABORTED',
  'ERR_ENGINE_CLOSED',
  'ERR_PLUGIN_NOT_FOUND',
  'ERR_INVALID_ARGUMENT',
]);
const LIMITS: ReadonlySet<ErrorCode> = new Set([
  'ERR_STACK_OVERFLOW',
  'ERR_MEMORY_LIMIT',
  'ERR_CPU_TIME_LIMIT',
  'ERR_WALL_TIME_LIMIT',
  'ERR_OUTPUT_LIMIT',
  'ERR_HOST_CALL_LIMIT',
]);
/** Latencies in microseconds, to two digits, up to an hour. */
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

  /** Adds a request that was answered. */
  answered(success: boolean, milliseconds: number): void {
    if (!success) this.#errors++;
    this.#count(milliseconds);
  }

  /** Adds a request that failed. */
  failed(code: ErrorCode, milliseconds: number): void {
    if (NOT_ASKED.has(code)) return;
    this.#errors++;
    if (LIMITS.has(code)) this.#limits++;
    this.#count(milliseconds);
  }

  /** A quantile of the latencies so far, in milliseconds. */
  latency(quantile: number): number {
    return this.#latencies.percentile(quantile * 100) / 1000;
  }

  /** Between which latencies the true quantile lies, in milliseconds. */
  latencyInterval(quantile: number, z: number): Interval {
    const { low, high } = quantileRanks(this.#requests, quantile, z);
    return {
      low: low < 1 ? 0 : this.latency(low / this.#requests),
      high: Number.isFinite(high) ? this.latency(high / this.#requests) : high,
    };
  }

  #count(milliseconds: number): void {
    this.#requests++;
    this.#latencies.record(Math.min(Math.max(Math.round(milliseconds * 1000), PRECISION.lowest), PRECISION.highest));
  }
}
