import { performance } from 'node:perf_hooks';
import type { ResolvedPolicy } from '../host/policy/policy.ts';

/** Which limit a guest ran over. */
export type Overrun = 'cpuTimeLimitMs' | 'wallTimeLimitMs';

/** How often the watchdog looks. Its looks are what limits and fairness are precise to. */
export const TICK_MS = 5;

/**
 * Watches the guest code that one worker is in. It costs the worker nothing: the first look that sees a call takes
 * its beginning from there, a second look samples the thread's CPU time, and when the wall clock has passed the limit
 * the thread is asked again, because only CPU time counts against a CPU limit (invariant 9). All of this errs in the
 * guest's favour, by two looks at most.
 */
export class Watch {
  readonly #cpuTimeMs: () => Promise<number>;
  #entries = Number.NaN;
  #since = 0;
  /** CPU time of the thread when the call was first sampled; `asking` while an answer is under way. */
  #baseline: number | 'none' | 'asking' = 'none';
  #askAgainAt = 0;
  #used = 0;
  #asking = false;

  constructor(cpuTimeMs: () => Promise<number>) {
    this.#cpuTimeMs = cpuTimeMs;
  }

  /** Milliseconds since a look first saw the current call. */
  elapsed(now: number): number {
    return Number.isNaN(this.#entries) ? 0 : now - this.#since;
  }

  /** CPU milliseconds that the current call is known to have used. */
  get cpuUsed(): number {
    return this.#used;
  }

  /** Looks once. `entries` is the worker's count of entries into guest code, or NaN when it is in none. */
  look(
    entries: number,
    policy: Pick<ResolvedPolicy, 'cpuTimeLimitMs' | 'wallTimeLimitMs'>,
    now: number,
  ): Overrun | undefined {
    if (!Object.is(entries, this.#entries)) {
      this.#entries = entries;
      this.#since = now;
      this.#baseline = 'none';
      this.#askAgainAt = now + policy.cpuTimeLimitMs;
      this.#used = 0;
      return undefined;
    }
    if (Number.isNaN(entries)) return undefined;
    if (now - this.#since >= policy.wallTimeLimitMs) return 'wallTimeLimitMs';
    if (this.#used >= policy.cpuTimeLimitMs) return 'cpuTimeLimitMs';
    if (this.#baseline === 'none' || (typeof this.#baseline === 'number' && now >= this.#askAgainAt))
      this.#ask(policy.cpuTimeLimitMs);
    return undefined;
  }

  #ask(limit: number): void {
    if (this.#asking) return;
    this.#asking = true;
    const entries = this.#entries;
    if (this.#baseline === 'none') this.#baseline = 'asking';
    this.#cpuTimeMs().then(
      (cpu) => {
        this.#asking = false;
        if (entries !== this.#entries) return;
        if (typeof this.#baseline !== 'number') this.#baseline = cpu;
        this.#used = cpu - this.#baseline;
        // It cannot use up what is left any sooner than this.
        this.#askAgainAt = performance.now() + Math.max(limit - this.#used, 0);
      },
      // The thread is gone, and whoever runs its task hears of it; if it is not, the next look asks again.
      () => {
        this.#asking = false;
        if (this.#baseline === 'asking') this.#baseline = 'none';
      },
    );
  }
}
