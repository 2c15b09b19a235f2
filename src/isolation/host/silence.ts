import { clearInterval, setInterval } from 'node:timers';

const LOOK_MS = 1000;
/** Looks in a row at a child that has work and says nothing. Looks, not milliseconds: this process may be what is slow. */
export const SILENT_LOOKS: number = 30;

/** Notices that a child which should say something says nothing: it is asked, and is stuck if it does not answer. */
export class Silence {
  readonly #timer: NodeJS.Timeout;
  #looks = 0;

  /** @param look What the child should do: nothing, something, or something by which it can be asked for a sign of life. */
  constructor(look: () => 'nothing' | 'start' | 'answer', ask: () => void, onStuck: () => void) {
    this.#timer = setInterval(() => {
      const due = look();
      if (due === 'nothing') return;
      this.#looks++;
      if (this.#looks > SILENT_LOOKS) onStuck();
      else if (this.#looks > 1 && due === 'answer') ask();
    }, LOOK_MS).unref();
  }

  /** The child has said something. */
  heard(): void {
    this.#looks = 0;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
