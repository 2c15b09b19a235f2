/** Where bytes of a guest's go. */
export interface ByteSink {
  /** Resolves when more may come: nothing of the stream is written before that. */
  write(bytes: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** The guest has said that this was all, and all of it is written. */
  finish?(): void;
}

/** Brings what a guest writes to whoever takes it, one piece after the other. */
export class Outlet {
  readonly #sink: ByteSink;
  readonly #onFailure: (error: unknown) => void;
  #written: Promise<void> = Promise.resolve();
  #state: 'open' | 'failed' = 'open';
  /** Whether the guest has said that there is no more to come. */
  isFinished = false;

  /** @param onFailure Hears, once, what the sink failed with. */
  constructor(sink: ByteSink, onFailure: (error: unknown) => void) {
    this.#sink = sink;
    this.#onFailure = onFailure;
  }

  /** @param onTaken Called when more may come. */
  write(bytes: Uint8Array<ArrayBuffer>, onTaken: (amount: number) => void): void {
    const { length } = bytes;
    this.#written = this.#written.then(async () => {
      if (this.#state === 'failed') return;
      try {
        await this.#sink.write(bytes);
        onTaken(length);
      } catch (error) {
        this.#state = 'failed';
        this.#onFailure(error);
      }
    });
  }

  finish(): void {
    this.isFinished = true;
    this.#written = this.#written.then(() => {
      if (this.#state === 'open') this.#sink.finish?.();
    });
  }

  /** Resolves when everything that has come so far was taken. */
  get settled(): Promise<void> {
    return this.#written;
  }
}
