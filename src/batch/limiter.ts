import { performance } from 'node:perf_hooks';
import type { ResolvedBatchOptions } from './options.ts';

/** An epoch has at least so many milliseconds, and so many records for each one in flight. */
const EPOCH_MS = 50;
const EPOCH_ROUNDS = 2;
/** A step up, and down. */
const STEP = 1.5;
/** What counts as a gain of a step up, and as a loss of a step down. */
const GAIN = 1.05;
const LOSS = 0.98;
/** Epochs between two tries once neither helps. */
const MAX_HOLD = 32;

/**
 * How many records may be in flight. Between `min` and `max` it climbs the hill of throughput, as the .NET thread pool
 * does (Hellerstein, Morrison, Eilebrecht, "Applying Control Theory in the Real World", 2009): it takes a step, looks
 * whether the throughput of the next epoch justifies it, and goes back if not.
 *
 * Limiters that look at latency (Vegas, Gradient) do not fit: the engine sends what is queued for a plugin as one
 * batch, so that latency rises with concurrency long before throughput stops to.
 */
export class Limiter {
  readonly #clock: () => number;
  readonly #min: number;
  readonly #max: number;
  #limit: number;
  /** The limit before the step that is being tried, and the throughput with it. */
  #before: { readonly limit: number; readonly rate: number } | undefined;
  #direction: 'up' | 'down' = 'up';
  #hold = 0;
  #nextHold = 1;
  #settled = 0;
  #epochStart: number | undefined;
  /** Whether the limit was reached in this epoch; else it says nothing about it. */
  #reached = false;

  /** @param clock Milliseconds, for tests that make time themselves. */
  constructor({ min, start, max }: ResolvedBatchOptions['concurrency'], clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#min = min;
    this.#max = max;
    this.#limit = start;
  }

  /** Records that may be in flight now. */
  get limit(): number {
    return this.#limit;
  }

  /** As many records as the limit allows are in flight. */
  reached(): void {
    this.#reached = true;
  }

  /** A record is done. */
  settled(): void {
    if (this.#min === this.#max) return;
    this.#settled++;
    if (this.#settled < EPOCH_ROUNDS * this.#limit) return;
    const now = this.#clock();
    if (this.#epochStart === undefined) {
      this.#begin(now);
      return;
    }
    const milliseconds = now - this.#epochStart;
    if (milliseconds < EPOCH_MS) return;
    if (this.#reached) this.#learn(this.#settled / milliseconds);
    this.#begin(now);
  }

  #begin(now: number): void {
    this.#epochStart = now;
    this.#settled = 0;
    this.#reached = false;
  }

  #learn(rate: number): void {
    if (this.#before !== undefined) {
      const { limit, rate: before } = this.#before;
      const worthwhile = this.#direction === 'up' ? rate >= before * GAIN : rate >= before * LOSS;
      this.#before = undefined;
      if (!worthwhile) {
        this.#limit = limit;
        this.#direction = this.#direction === 'up' ? 'down' : 'up';
        this.#hold = this.#nextHold;
        this.#nextHold = Math.min(this.#nextHold * 2, MAX_HOLD);
        return;
      }
      this.#nextHold = 1;
    }
    if (this.#hold > 0) {
      this.#hold--;
      return;
    }
    const next = this.#direction === 'up' ? Math.ceil(this.#limit * STEP) : Math.floor(this.#limit / STEP);
    const bounded = Math.min(Math.max(next, this.#min), this.#max);
    if (bounded === this.#limit) {
      this.#direction = this.#direction === 'up' ? 'down' : 'up';
      return;
    }
    this.#before = { limit: this.#limit, rate };
    this.#limit = bounded;
  }
}
