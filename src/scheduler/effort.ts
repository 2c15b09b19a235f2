import { CERTAIN_SHARE } from '../pool/certain-share.ts';
import { TICK_MS } from './watch.ts';

/** Milliseconds of work after which a batch no longer counts against `threads` (invariant 3). */
export const LONG_MS: number = 2 * TICK_MS;

/**
 * How long a thread has worked on the batch that it is in: what it used of a processor and what it slept for a guest. On
 * a busy machine that is little of what the clock shows, and one that has merely not been let run is not long.
 */
export class Effort {
  readonly #cpuTimeMs: () => Promise<number>;
  readonly #cpuBefore: number;
  readonly #startedAt: number;
  #lookedAt: number;
  #cpu = 0;
  #slept = 0;
  #asking = false;

  /**
   * @param cpuTimeMs Asks for the CPU time of the thread.
   * @param cpuBefore What it was when the batch began.
   */
  constructor(cpuTimeMs: () => Promise<number>, cpuBefore: number, startedAt: number) {
    this.#cpuTimeMs = cpuTimeMs;
    this.#cpuBefore = cpuBefore;
    this.#startedAt = startedAt;
    this.#lookedAt = startedAt;
  }

  /** Looks once, and says whether the batch is known to be long. */
  isLong(now: number, asleep: boolean): boolean {
    if (asleep) this.#slept += now - this.#lookedAt;
    this.#lookedAt = now;
    const elapsed = now - this.#startedAt;
    const worked = Math.max(this.#cpu + this.#slept, elapsed * CERTAIN_SHARE);
    if (elapsed >= LONG_MS && worked >= LONG_MS) return true;
    // It cannot have worked for longer than it has been there.
    if (elapsed >= TICK_MS) this.#ask();
    return false;
  }

  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    const answered = (cpu: number): void => {
      this.#asking = false;
      this.#cpu = cpu - this.#cpuBefore;
    };
    // The thread is gone: whoever runs its task hears of it.
    this.#cpuTimeMs().then(answered, () => {
      this.#asking = false;
    });
  }
}
