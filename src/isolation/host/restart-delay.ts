import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { ExponentialBackoff, halfJitterGenerator, type IBackoff } from 'cockatiel';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** One that lived for so long starts the backoff anew. */
const STABLE_MS = 10_000;

/** How long it is until the next child is started: longer each time, while they do not live for long. */
export class RestartDelay {
  #backoff: IBackoff<unknown> | undefined;
  /** Until when no child is started. */
  #notBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  /** Milliseconds that are left. */
  get leftMs(): number {
    return Math.max(0, this.#notBefore - performance.now());
  }

  /** A child that has lived for so long is to be replaced. */
  next(livedMs: number): void {
    if (livedMs > STABLE_MS) this.#backoff = undefined;
    if (this.#backoff === undefined) {
      // The first one is replaced at once.
      this.#backoff = new ExponentialBackoff({
        initialDelay: FIRST_DELAY_MS,
        maxDelay: LONGEST_DELAY_MS,
        generator: halfJitterGenerator,
      }).next();
      this.#notBefore = 0;
      return;
    }
    this.#notBefore = performance.now() + this.#backoff.duration;
    this.#backoff = this.#backoff.next(undefined);
  }

  /** Resolves when it is time, or nobody is to wait any more. */
  async wait(keepsAlive: boolean): Promise<void> {
    const { leftMs } = this;
    if (leftMs === 0) return;
    await new Promise<void>((resolve) => {
      this.#timer = setTimeout(resolve, leftMs);
      if (!keepsAlive) this.#timer.unref();
      this.#wake = resolve;
    });
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wake = undefined;
  }

  /** Ends the waiting. */
  cut(): void {
    this.#wake?.();
  }

  ref(): void {
    this.#timer?.ref();
  }

  unref(): void {
    this.#timer?.unref();
  }
}
