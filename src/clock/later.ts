/**
 * A value that is there later, for a thread that waits without turns of the event loop, in which promises are settled: who
 * waits for it hears in the middle of what settles it.
 *
 * What a listener throws is thrown where it is settled.
 */
export class Later<Value = unknown> {
  #outcome: { readonly value: Value } | { readonly error: unknown } | undefined;
  #hear: (() => void) | undefined;
  /** Has nobody work for the value any more, which then does not come; undefined where that cannot be done. */
  readonly giveUp: (() => void) | undefined;

  constructor(giveUp?: () => void) {
    this.giveUp = giveUp;
  }

  get settled(): boolean {
    return this.#outcome !== undefined;
  }

  resolve(value: Value): void {
    this.#settle({ value });
  }

  reject(error: unknown): void {
    this.#settle({ error });
  }

  /** Hears of the value, at once where it is there. There is one listener at the most. */
  listen(fulfilled: (value: Value) => void, rejected: (error: unknown) => void): void {
    this.#hear = () => {
      const outcome = this.#outcome!;
      if ('error' in outcome) rejected(outcome.error);
      else fulfilled(outcome.value);
    };
    if (this.settled) this.#hear();
  }

  /** What comes of the value. @param failed What comes of an error, which it may throw. */
  map<Mapped>(fulfilled: (value: Value) => Mapped, failed: (error: unknown) => Mapped): Later<Mapped> {
    const mapped = new Later<Mapped>(this.giveUp);
    const settle = (act: () => Mapped): void => {
      let value: Mapped;
      try {
        value = act();
      } catch (error) {
        mapped.reject(error);
        return;
      }
      mapped.resolve(value);
    };
    this.listen(
      (value) => settle(() => fulfilled(value)),
      (error) => settle(() => failed(error)),
    );
    return mapped;
  }

  #settle(outcome: { readonly value: Value } | { readonly error: unknown }): void {
    if (this.settled) return;
    this.#outcome = outcome;
    this.#hear?.();
  }
}
