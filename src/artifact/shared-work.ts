/** Work that several callers wait for. It is given up when all of them have. */
export class SharedWork<Result> {
  /** What it makes, whoever waits. */
  readonly result: Promise<Result>;
  readonly #controller = new AbortController();
  #callers = 0;

  /** @param work Has to reject when its signal is aborted. */
  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.result = work(this.#controller.signal);
    // Somebody may have given it up before it fails.
    this.result.catch(() => {});
  }

  /** Whether everybody has given it up, so that nobody else may join. */
  get abandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Gives it up, for everybody. */
  abandon(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Waits for it. @throws the reason of a signal that is aborted first. */
  async join(signal: AbortSignal | undefined): Promise<Result> {
    this.#callers++;
    if (signal === undefined) return this.result;
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      reject(signal.reason);
      if (--this.#callers === 0) this.abandon(signal.reason);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([promise, this.result]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
