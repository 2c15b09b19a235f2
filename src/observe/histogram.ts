import { endianness } from 'node:os';

/** Bits of the mantissa that choose a bucket within an octave. */
const STEP_BITS = 4;
const STEPS = 1 << STEP_BITS;
const COUNT = 0;
const SUM = 1;
const MAX = 2;
const BUCKETS_AT = 3;

const FLOAT = new Float64Array(1);
const HALVES = new Uint32Array(FLOAT.buffer);
const HIGH = endianness() === 'LE' ? 1 : 0;
const MANTISSA_BITS_OF_HIGH = 20;
const BIAS = 1023;

/** Which values a histogram tells apart. */
export interface HistogramShape {
  /** Buckets begin at 2 to this power; what is less falls into the first. */
  readonly from: number;
  /** Buckets end at 2 to this power; what is more falls into the last. */
  readonly to: number;
  /** Whole numbers: a quantile is then the least of its bucket, which up to 32 is the number itself. */
  readonly whole: boolean;
}

/** Milliseconds: from 1 µs to 17 minutes. */
export const TIME: HistogramShape = { from: -10, to: 20, whole: false };

/** Numbers from 1 to 511. */
export const SIZE: HistogramShape = { from: 0, to: 9, whole: true };

/**
 * What was recorded, as numbers.
 *
 * @example
 * const show = ({ count, p50, p99 }: HistogramSnapshot) => console.log(count, p50, p99);
 * for (const { durationMs } of engine.metrics.snapshot().plugins) show(durationMs);
 */
export interface HistogramSnapshot {
  readonly count: number;
  readonly sum: number;
  /** The largest value, exactly; 0 when there is none. */
  readonly max: number;
  /** Quantiles, within 3.2 % of the true ones; 0 when nothing was recorded. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  /** The buckets that hold anything, in order: how many values are less than `below`, and not in a bucket before. */
  readonly buckets: readonly { readonly below: number; readonly count: number }[];
}

/** A quantile of a {@link HistogramSnapshot} differs from the true one by this share of it at most: 3.2 %. */
export const QUANTILE_ERROR: number = 1 / (2 * STEPS);

/**
 * A log-linear histogram, 16 buckets an octave, in numbers that one thread writes and another may read: a bucket is
 * the exponent and the first bits of the mantissa of the value, as in HdrHistogram, so that recording takes no
 * logarithm, no search and no memory. A count is one aligned 64-bit store, so a reader is at most one value behind.
 */
export class Histogram {
  readonly #words: Float64Array;
  readonly #shape: HistogramShape;
  readonly #first: number;
  readonly #last: number;

  /** How many words a histogram takes. */
  static words({ from, to }: HistogramShape): number {
    return BUCKETS_AT + (to - from) * STEPS;
  }

  constructor(shape: HistogramShape, words: Float64Array = new Float64Array(Histogram.words(shape))) {
    this.#words = words;
    this.#shape = shape;
    this.#first = (BIAS + shape.from) << STEP_BITS;
    this.#last = words.length - 1;
  }

  get count(): number {
    return this.#words[COUNT]!;
  }

  record(value: number): void {
    const words = this.#words;
    // NaN and what a clock that was read twice makes negative count as 0.
    const positive = Math.max(value, 0) || 0;
    FLOAT[0] = positive;
    const place = BUCKETS_AT + (HALVES[HIGH]! >>> (MANTISSA_BITS_OF_HIGH - STEP_BITS)) - this.#first;
    const bucket = Math.min(Math.max(place, BUCKETS_AT), this.#last);
    words[bucket]!++;
    words[COUNT]!++;
    words[SUM]! += positive;
    if (positive > words[MAX]!) words[MAX] = positive;
  }

  /** Adds what another of the same shape holds. */
  add(other: Histogram): void {
    const max = Math.max(this.#words[MAX]!, other.#words[MAX]!);
    for (const [index, value] of other.#words.entries()) this.#words[index]! += value;
    this.#words[MAX] = max;
  }

  snapshot(): HistogramSnapshot {
    // A copy: the thread that records goes on meanwhile, and quantiles must fit the counts that they are made of.
    const words = this.#words.slice();
    const max = words[MAX]!;
    const buckets: { below: number; count: number }[] = [];
    let count = 0;
    for (let index = BUCKETS_AT; index < words.length; index++) {
      if (words[index] === 0) continue;
      count += words[index]!;
      buckets.push({ below: this.#edge(index + 1), count: words[index]! });
    }
    const quantile = (share: number): number => {
      let rank = Math.ceil(share * count);
      for (let index = BUCKETS_AT; index < words.length; index++) {
        rank -= words[index]!;
        if (rank <= 0) return this.#valueOf(index, max);
      }
      return 0;
    };
    const quantiles = { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), p999: quantile(0.999) };
    return { count, sum: words[SUM]!, max, ...(count === 0 ? NOTHING : quantiles), buckets };
  }

  #valueOf(index: number, max: number): number {
    const low = this.#edge(index);
    if (this.#shape.whole) return low;
    return index === this.#last ? max : Math.min((low + this.#edge(index + 1)) / 2, max);
  }

  /** The least value of a bucket. */
  #edge(index: number): number {
    if (index > this.#last) return Number.POSITIVE_INFINITY;
    const place = index - BUCKETS_AT;
    return 2 ** (this.#shape.from + Math.floor(place / STEPS)) * (1 + (place % STEPS) / STEPS);
  }
}

const NOTHING = { p50: 0, p90: 0, p99: 0, p999: 0 } as const;
