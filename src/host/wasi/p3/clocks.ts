import { Later } from '../../../clock/later.ts';
import type { Clocks, Datetime } from '../clocks.ts';
import type { WasiHost } from '../host.ts';
import type { Event } from '../poll.ts';
import type { Occurrences } from './occurrences.ts';

const MAX_U64 = 2n ** 64n - 1n;

/** `wasi:clocks/monotonic-clock`. Who waits holds no timer of the host's: the time is looked at. */
export function monotonicClock(host: WasiHost, clocks: Clocks, occurrences: Occurrences): object {
  const until = (due: bigint): Later<undefined> | undefined => {
    const event: Event = {
      remaining() {
        const now = clocks.monotonic();
        return now >= due ? 0n : due - now;
      },
      skip: () => clocks.skipTo(due),
    };
    if (event.remaining() === 0n) return undefined;
    const later: Later<undefined> = new Later(() => forget());
    const forget = occurrences.once(event, () => later.resolve(undefined));
    return later;
  };
  return {
    now(): bigint {
      host.hostCall();
      return clocks.monotonic();
    },
    getResolution(): bigint {
      host.hostCall();
      return clocks.monotonicResolution;
    },
    waitUntil(when: bigint): Later<undefined> | undefined {
      host.hostCall();
      return until(when);
    },
    waitFor(duration: bigint): Later<undefined> | undefined {
      host.hostCall();
      const due = clocks.monotonic() + duration;
      return until(due > MAX_U64 ? MAX_U64 : due);
    },
  };
}

/** `wasi:clocks/system-clock` */
export function systemClock(host: WasiHost, clocks: Clocks): object {
  return {
    now(): Datetime {
      host.hostCall();
      return clocks.wall();
    },
    getResolution(): bigint {
      host.hostCall();
      const { seconds, nanoseconds } = clocks.wallResolution;
      return seconds * 1_000_000_000n + BigInt(nanoseconds);
    },
  };
}

/** `wasi:clocks/timezone` (unstable): UTC, whatever the host's. */
export function timezone(host: WasiHost): object {
  return {
    ianaId(): string {
      host.hostCall();
      return 'UTC';
    },
    utcOffset(): bigint {
      host.hostCall();
      return 0n;
    },
    toDebugString(): string {
      host.hostCall();
      return 'UTC';
    },
  };
}
