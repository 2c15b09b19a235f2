import { performance } from 'node:perf_hooks';

/**
 * The sleeping of a thread for one of its plugins: a guest that sleeps holds its thread and uses no processor, which is
 * told apart here from a thread that a busy machine does not let run.
 */
export class Sleep {
  #announce: (asleep: boolean) => void = () => {};
  #refusal: () => Error | undefined = () => undefined;
  #sleptMs = 0;

  /** Milliseconds that the thread has slept. */
  get sleptMs(): number {
    return this.#sleptMs;
  }

  /** Has somebody told when the thread falls asleep and wakes up. */
  onChange(announce: (asleep: boolean) => void): void {
    this.#announce = announce;
  }

  /** Has what says why nobody may sleep now asked before each sleep. */
  refuse(refusal: () => Error | undefined): void {
    this.#refusal = refusal;
  }

  /** `Atomics.wait`. @throws what {@link refuse} was given for it. */
  wait(...args: [Int32Array<SharedArrayBuffer>, number, number, number]): ReturnType<typeof Atomics.wait> {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    const start = performance.now();
    this.#announce(true);
    try {
      return Atomics.wait(...args);
    } finally {
      this.#announce(false);
      this.#sleptMs += performance.now() - start;
    }
  }
}

/** That of this thread. */
export const sleep: Sleep = new Sleep();
