/** Runs operations on the same name one after the other, in the order in which they came. */
export class NameLocks {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<Result>(name: string, operation: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const mine = before.then(operation, operation);
    // A failed operation does not stop the next one; its own caller hears of it.
    const tail = mine.catch(() => {});
    this.#tails.set(name, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }

  /** Resolves when no operation is under way. */
  async settled(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
