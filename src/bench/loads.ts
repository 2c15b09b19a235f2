import { setImmediate, setTimeout } from 'node:timers/promises';
import { LatencyHistogram } from './latency-histogram.ts';
import { randomNumbers } from './statistics.ts';

/** What is asked over and over. */
export type Call = () => unknown;

/** A load that has been put on something. */
export interface Load {
  /** Requests that were answered. */
  readonly done: number;
  /** Requests that failed. */
  readonly failed: number;
  readonly milliseconds: number;
}

/** A fixed number of callers, each of whom asks again as soon as it is answered. */
export async function closedLoop(callers: number, milliseconds: number, call: Call): Promise<Load> {
  const start = performance.now();
  const end = start + milliseconds;
  let done = 0;
  let failed = 0;
  const caller = async (): Promise<void> => {
    // The clock is looked at once in 16 requests, or it would be measured too.
    for (let mine = 0; mine % 16 !== 0 || performance.now() < end; mine++) {
      try {
        await call();
        done++;
      } catch {
        failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { done, failed, milliseconds: performance.now() - start };
}

/** Below this a timer is too coarse: the generator turns the event loop until the next request is due. */
const TIMER_MS = 2;

/**
 * Requests that arrive at random (a Poisson process) at a mean rate, whether or not earlier ones were answered. A
 * latency counts from the time at which its request was due, so that a stall counts for every request that it delays
 * (no coordinated omission). The arrivals are the same for the same rate.
 */
export async function openLoop(
  ratePerSecond: number,
  milliseconds: number,
  call: Call,
): Promise<Load & { readonly latency: LatencyHistogram }> {
  const latency = new LatencyHistogram();
  const random = randomNumbers(ratePerSecond);
  const pending: Promise<void>[] = [];
  let failed = 0;
  const ask = async (due: number): Promise<void> => {
    try {
      await call();
      latency.record(performance.now() - due);
    } catch {
      failed++;
    }
  };
  const start = performance.now();
  let due = start;
  while (due < start + milliseconds) {
    for (let wait = due - performance.now(); wait > 0; wait = due - performance.now()) {
      if (wait > TIMER_MS) await setTimeout(wait - TIMER_MS);
      else await setImmediate();
    }
    pending.push(ask(due));
    due -= (Math.log(1 - random()) * 1000) / ratePerSecond;
  }
  await Promise.all(pending);
  return { done: pending.length - failed, failed, milliseconds: performance.now() - start, latency };
}
