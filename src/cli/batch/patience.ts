import { clearTimeout, setTimeout } from 'node:timers';
import type { Interrupt } from '../interrupt.ts';

/** How long a run that was interrupted may take to end in order. */
export class Patience {
  readonly #controller = new AbortController();
  readonly #interrupt: Interrupt;
  readonly #milliseconds: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param seconds From the interrupt on. */
  constructor(interrupt: Interrupt, seconds: number) {
    this.#interrupt = interrupt;
    this.#milliseconds = seconds * 1000;
    interrupt.signal.addEventListener('abort', this.#begin, { once: true });
    if (interrupt.signal.aborted) this.#begin();
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #begin = (): void => {
    this.#timer ??= setTimeout(() => this.#controller.abort(), this.#milliseconds);
  };

  end(): void {
    clearTimeout(this.#timer);
    this.#interrupt.signal.removeEventListener('abort', this.#begin);
  }
}
