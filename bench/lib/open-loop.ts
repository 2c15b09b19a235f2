import { setTimeout as delay } from 'node:timers/promises';

/**
 * Latencies in milliseconds under a fixed rate of arrivals. Each is measured from the time at which the request was
 * due, so that a stall counts for every request that it delays (no coordinated omission).
 */
export async function openLoop(
  ratePerSecond: number,
  milliseconds: number,
  call: () => Promise<unknown>,
): Promise<number[]> {
  const interval = 1000 / ratePerSecond;
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const start = performance.now();
  for (let due = start; due < start + milliseconds; due += interval) {
    const wait = due - performance.now();
    if (wait > 1) await delay(wait);
    const dueAt = due;
    pending.push(
      call().then(() => {
        latencies.push(performance.now() - dueAt);
      }),
    );
  }
  await Promise.all(pending);
  return latencies;
}
