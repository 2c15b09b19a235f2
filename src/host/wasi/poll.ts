import { sleep } from '../sleep.ts';
import { trap } from '../wit-error.ts';
import type { WasiHost } from './host.ts';
import { Resource } from './resource.ts';

/** What a pollable waits for. */
export interface Event {
  /** Nanoseconds until it is due, 0n when it is ready; never fires by itself when undefined. */
  remaining(): bigint | undefined;
  /**
   * The word that changes when it may have happened without time passing: the I/O thread's. `remaining` takes in what
   * that thread has said.
   */
  word?(): Int32Array<SharedArrayBuffer> | undefined;
  /** Lets virtual time pass where the guest has no clocks; true when there is then nothing to wait for. */
  skip?(): boolean;
}

/** An event that has always happened: files, the empty stdin and the captured stdout never block. */
export const ALWAYS_READY: Event = { remaining: () => 0n };

/** One `poll` may wait for as many pollables as an instance can hold handles. */
const MAX_POLLED = 4096;
const NS_PER_MS = 1_000_000;
/** The longest wait in one step; a longer one takes several. */
const MAX_WAIT_MS = 2 ** 31;

/** `wasi:io/poll.pollable`. It owns no timer: a due time is a number, and waiting is the caller's. */
export class Pollable extends Resource {
  readonly #event: Event;

  constructor(host: WasiHost, event: Event) {
    super(host);
    this.#event = event;
  }

  ready(): boolean {
    this.host.hostCall();
    return isReady(this.#event);
  }

  block(): void {
    this.host.hostCall();
    wait([this.#event]);
  }

  /** The event behind a pollable that the guest handed in. */
  static eventOf(pollable: Pollable): Event {
    return pollable.#event;
  }
}

function isReady(event: Event): boolean {
  return event.remaining() === 0n;
}

/** What a thread sleeps on that waits for time alone. Nobody else has it, so that only the time-out wakes the thread. */
let timersOnly: Int32Array<SharedArrayBuffer> | undefined;

/** Blocks the thread until one of the events has happened. Bounded by the watchdog alone (wall time, deadline). */
export function wait(events: readonly Event[]): void {
  for (;;) {
    const io = wordOf(events);
    // Before the events are looked at: what happens after the look changes the word, and the sleep ends at once.
    const seen = io === undefined ? 0 : Atomics.load(io, 0);
    if (events.some(isReady)) return;
    const next = earliest(events);
    // Virtual time does not overtake the network: then a time-out beside a request lasts as long as it says.
    if (io === undefined && next?.event.skip?.()) continue;
    const ms = next === undefined ? MAX_WAIT_MS : Math.min(Number(next.remaining) / NS_PER_MS, MAX_WAIT_MS);
    timersOnly ??= new Int32Array(new SharedArrayBuffer(4));
    const woken = sleep.wait(io ?? timersOnly, 0, seen, ms);
    if (io !== undefined && woken === 'timed-out') next?.event.skip?.();
  }
}

/** All events of an instance that have a word share it. */
function wordOf(events: readonly Event[]): Int32Array<SharedArrayBuffer> | undefined {
  for (const event of events) {
    const word = event.word?.();
    if (word !== undefined) return word;
  }
  return undefined;
}

function earliest(events: readonly Event[]): { event: Event; remaining: bigint } | undefined {
  let found: { event: Event; remaining: bigint } | undefined;
  for (const event of events) {
    const remaining = event.remaining();
    if (remaining !== undefined && (found === undefined || remaining < found.remaining)) found = { event, remaining };
  }
  return found;
}

/** `wasi:io/poll` */
export function poll(host: WasiHost): object {
  return {
    Pollable,
    poll(pollables: readonly Pollable[]): Uint32Array {
      host.hostCall();
      if (pollables.length === 0 || pollables.length > MAX_POLLED) {
        throw trap(
          `The plugin polled a list of ${pollables.length} pollables; the interface allows 1 to ${MAX_POLLED}`,
          'Poll fewer at a time.',
        );
      }
      const events = pollables.map(Pollable.eventOf);
      wait(events);
      return Uint32Array.from([...events.keys()].filter((index) => isReady(events[index]!)));
    },
  };
}
