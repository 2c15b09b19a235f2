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
  /** Why the last of them failed. */
  readonly failure: unknown;
  readonly milliseconds: number;
}

/** A fixed number of callers, each of whom asks again as soon as it is answered. */
export async function closedLoop(callers: number, milliseconds: number, call: Call): Promise<Load> {
  const start = performance.now();
  const end = start + milliseconds;
  let done = 0;
  let failed = 0;
  let failure: unknown;
  let state: 'running' | 'over' = 'running';
  const caller = async (): Promise<void> => {
    while (state === 'running') {
      // The clock is looked at once in 16 requests, or it would be measured too.
      if ((done + failed) % 16 === 0 && performance.now() >= end) state = 'over';
      try {
        await call();
        done++;
      } catch (error) {
        failed++;
        failure = error;
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { done, failed, failure, milliseconds: performance.now() - start };
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
  let failure: unknown;
  const ask = async (due: number): Promise<void> => {
    try {
      await call();
      latency.record(performance.now() - due);
    } catch (error) {
      failed++;
      failure = error;
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
  return { done: pending.length - failed, failed, failure, milliseconds: performance.now() - start, latency };
}

/** Throws when a request failed: a candidate that fails is no faster for it. */
export function assertDone({ done, failed, failure }: Load): void {
  if (failed > 0) throw new Error(`${failed} of ${done + failed} requests failed`, { cause: failure });
}
