import type { WasiHost } from './host.ts';
import { type Event, Pollable } from './poll.ts';

/** A point in time as `wasi:clocks/wall-clock` has it. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

const NS_PER_MS = 1_000_000;
const MAX_U64 = 2n ** 64n - 1n;

/** The two clocks of an instance. */
export interface Clocks {
  /** Nanoseconds since the instance was made, never 0: Go refuses to start with a clock that stands at 0. */
  monotonic(): bigint;
  readonly monotonicResolution: bigint;
  wall(): Datetime;
  readonly wallResolution: Datetime;
  /** Makes the monotonic clock read `instant` at once; false where time passes by itself. */
  skipTo(instant: bigint): boolean;
  /** Whether the guest has learnt what time of day it is: it may hold on to that. */
  readonly hasToldTime: boolean;
  /** A call into the guest begins. */
  begin(): void;
  /** @returns what has the monotonic clock go on from where it is now, as soon as the next call begins. */
  keep(): () => void;
}

export function realClocks(): Clocks {
  let start = process.hrtime.bigint() - 1n;
  let hasToldTime = false;
  let rewoundTo: bigint | undefined;
  return {
    monotonic: () => process.hrtime.bigint() - start,
    monotonicResolution: 1n,
    wall() {
      hasToldTime = true;
      const now = Date.now();
      return { seconds: BigInt(Math.floor(now / 1000)), nanoseconds: (now % 1000) * NS_PER_MS };
    },
    wallResolution: { seconds: 0n, nanoseconds: NS_PER_MS },
    skipTo: () => false,
    get hasToldTime() {
      return hasToldTime;
    },
    begin() {
      if (rewoundTo === undefined) return;
      start = process.hrtime.bigint() - rewoundTo;
      rewoundTo = undefined;
    },
    keep() {
      const age = process.hrtime.bigint() - start;
      return () => {
        // It stands still until then, or the guest would learn for how long nobody has asked it.
        rewoundTo = age;
      };
    },
  };
}

/**
 * Clocks that tell nothing, for a policy without `allowClocks`. The functions have no error to deny with, and a
 * clock that stands still hangs guests which wait for it, so the guest lives in a time of its own: each look at the
 * monotonic clock takes a microsecond, sleeping takes none, and it is always 1970.
 */
export function virtualClocks(): Clocks {
  let now = 0n;
  return {
    monotonic() {
      now += 1000n;
      return now;
    },
    monotonicResolution: 1000n,
    wall: () => ({ seconds: 0n, nanoseconds: 0 }),
    wallResolution: { seconds: 1n, nanoseconds: 0 },
    skipTo(instant) {
      if (instant > now) now = instant;
      return true;
    },
    hasToldTime: false,
    begin() {},
    keep() {
      const kept = now;
      return () => {
        now = kept;
      };
    },
  };
}

/** `wasi:clocks/monotonic-clock`. A timer is an instant to compare with; it costs no thread and no host timer. */
export function monotonicClock(host: WasiHost, clocks: Clocks): object {
  const timer = (due: bigint): Pollable => {
    const event: Event = {
      remaining() {
        const now = clocks.monotonic();
        return now >= due ? 0n : due - now;
      },
      skip: () => clocks.skipTo(due),
    };
    return new Pollable(host, event);
  };
  return {
    now(): bigint {
      host.hostCall();
      return clocks.monotonic();
    },
    resolution(): bigint {
      host.hostCall();
      return clocks.monotonicResolution;
    },
    subscribeInstant(when: bigint): Pollable {
      host.hostCall();
      return timer(when);
    },
    subscribeDuration(duration: bigint): Pollable {
      host.hostCall();
      const due = clocks.monotonic() + duration;
      return timer(due > MAX_U64 ? MAX_U64 : due);
    },
  };
}

/** `wasi:clocks/wall-clock` */
export function wallClock(host: WasiHost, clocks: Clocks): object {
  return {
    now(): Datetime {
      host.hostCall();
      return clocks.wall();
    },
    resolution(): Datetime {
      host.hostCall();
      return clocks.wallResolution;
    },
  };
}

/** `wasi:clocks/timezone` (unstable): UTC, whatever the host's. */
export function timezone(host: WasiHost): object {
  return {
    display(): object {
      host.hostCall();
      return { utcOffset: 0, name: 'UTC', inDaylightSavingTime: false };
    },
    utcOffset(): number {
      host.hostCall();
      return 0;
    },
  };
}
