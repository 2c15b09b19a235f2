import { clearInterval, setInterval } from 'node:timers';
import { MAX_TIMER_MS } from '../../arguments/arguments.ts';

/** Keeps this process alive while something is outstanding, whichever child has it. */
export class KeepAlive {
  readonly #onChange: (state: 'held' | 'free') => void;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onChange Told when the first one holds it, and when the last one has let go. */
  constructor(onChange: (state: 'held' | 'free') => void) {
    this.#onChange = onChange;
  }

  get isHeld(): boolean {
    return this.#held > 0;
  }

  hold(): void {
    if (this.#held++ > 0) return;
    // Between a child that is gone, which nobody has heard of yet, and the next one there is no channel to hold on to.
    this.#timer ??= setInterval(() => {}, MAX_TIMER_MS);
    this.#onChange('held');
  }

  letGo(): void {
    if (--this.#held > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#onChange('free');
  }
}
