import { performance } from 'node:perf_hooks';
import { hrtime, nextTick } from '../clock/of-node.ts';

/**
 * Milliseconds that a thread's `performance.now()` is behind the process's monotonic clock: each thread counts from its
 * own start, so that a time passes from one to another as `now + offset of the one - offset of the other`.
 */
export function clockOffset(): number {
  let offset = 0;
  let narrowest = Number.POSITIVE_INFINITY;
  // The two clocks are read one after the other; of several tries the one that took least time is the most precise.
  for (let attempt = 0; attempt < 8; attempt++) {
    const before = performance.now();
    const monotonic = Number(hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    offset = monotonic - (before + after) / 2;
  }
  return offset;
}

/**
 * `performance.now()`, looked up once in a turn of the event loop: a clock costs as much as everything else that the
 * main thread counts for a request, and what is asked for in the same turn travels in the same batch anyway.
 */
export class TurnClock {
  #now = 0;

  get now(): number {
    if (this.#now === 0) {
      this.#now = performance.now();
      // After the microtasks of this turn, in which the callers of one batch ask again.
      nextTick(() => {
        this.#now = 0;
      });
    }
    return this.#now;
  }
}
