import { PluginError } from '../../src/errors.ts';

/** The error with which a promise rejects; fails when it resolves, or rejects with anything but a PluginError. */
export async function rejection(promise: Promise<unknown>): Promise<PluginError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
  throw new Error(`Expected a rejection, got ${JSON.stringify(value)}`);
}

/** The error that a call throws. */
export function thrown(call: () => unknown): PluginError {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
  throw new Error(`Expected an error, got ${JSON.stringify(value)}`);
}

/** `'ok'`, or the code with which the promise rejects: what tables of expectations compare with. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    if (error instanceof PluginError) return error.code;
    throw error;
  }
}

/** Whether a promise is settled by now, all microtasks done. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const turn = new Promise((resolve) => setImmediate(resolve, pending));
  const first = await Promise.race([
    promise.then(
      () => 'settled',
      () => 'settled',
    ),
    turn,
  ]);
  return first !== pending;
}

/** Lets the event loop turn once: timers, messages and microtasks that are due. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Turns the event loop until a condition holds; the test's timeout is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** A small seeded generator (mulberry32), so that a failing random test can be run again. */
export function seeded(seed: number): { next(): number; below(bound: number): number; pick<T>(of: readonly T[]): T } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (bound) => Math.floor(next() * bound), pick: (of) => of[Math.floor(next() * of.length)]! };
}
