import { performance } from 'node:perf_hooks';

/** What a run that was held up may catch up on, in seconds. */
const BURST_SECONDS = 0.05;

/** Lets so many records begin in a second. */
export class Pace {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at = performance.now();

  /** @param rate Records in a second. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#burst = Math.max(1, rate * BURST_SECONDS);
    this.#tokens = 1;
  }

  /** Milliseconds until the next record may begin; 0 where it may now, and then it does. */
  next(): number {
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#rate) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return ((1 - this.#tokens) * 1000) / this.#rate;
    this.#tokens--;
    return 0;
  }
}
