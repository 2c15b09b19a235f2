import type { Tally } from '../src/observe/tally.ts';

/** The thread is asked for its CPU time no more often than this: the answer takes two microseconds. */
const INTERVAL_MS = 50;

/**
 * Whose CPU time this thread's was, and its I/O thread's: what it used since the last look is shared out by how long it worked for each
 * version of a plugin meanwhile.
 */
export class CpuAccount {
  readonly #worked = new Map<Tally, number>();
  readonly #ioMs: () => number;
  #used: number;
  #lookedAt = 0;

  /** @param ioMs CPU milliseconds that the I/O thread has used for calls on this thread so far. */
  constructor(ioMs: () => number) {
    this.#ioMs = ioMs;
    this.#used = this.usedMs;
  }

  /** The thread has worked so long for a version, until `now`. */
  worked(tally: Tally, milliseconds: number, now: number): void {
    this.#worked.set(tally, (this.#worked.get(tally) ?? 0) + milliseconds);
    if (now - this.#lookedAt >= INTERVAL_MS) this.settle(now);
  }

  /** Shares out what was used until `now`. */
  settle(now: number): void {
    this.#lookedAt = now;
    const used = this.usedMs;
    const share = used - this.#used;
    this.#used = used;
    let total = 0;
    for (const milliseconds of this.#worked.values()) total += milliseconds;
    if (total > 0) for (const [tally, milliseconds] of this.#worked) tally.usedCpu((share * milliseconds) / total);
    this.#worked.clear();
  }

  /** CPU milliseconds that the thread has used, and the I/O thread for it. */
  get usedMs(): number {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000 + this.#ioMs();
  }
}
