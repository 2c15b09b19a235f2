import type { ByteSink } from '../conversation/outlet.ts';

/** The body of a plugin's response, as a stream that is filled as fast as it is read. */
export class ResponseBody implements ByteSink {
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** What has come and nobody has asked for: one piece, as the next comes when this is taken. */
  #piece: { readonly bytes: Uint8Array; readonly taken: () => void } | undefined;
  /** Somebody has asked and nothing had come. */
  #wanted: (() => void) | undefined;
  #state: 'open' | 'over' = 'open';

  /** @param onCancel Whoever reads it wants no more of it, before its end. */
  constructor(onCancel: (reason: unknown) => void) {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      this.#controller = controller;
    };
    const cancel = (reason: unknown): void => {
      if (this.#state === 'over') return;
      this.discard();
      onCancel(reason);
    };
    // Nothing is taken that nobody has asked for.
    this.stream = new ReadableStream({ start, pull: () => this.#pull(), cancel }, { highWaterMark: 0 });
  }

  /** Nobody is to have it: what comes is thrown away. */
  discard(): void {
    this.#state = 'over';
    this.#release();
  }

  write(bytes: Uint8Array<ArrayBuffer>): void | Promise<void> {
    if (this.#state === 'over') return undefined;
    if (this.#wanted === undefined) {
      return new Promise((taken) => {
        this.#piece = { bytes, taken };
      });
    }
    this.#controller.enqueue(bytes);
    this.#release();
    return undefined;
  }

  /** All of it was written, and taken. */
  finish(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#controller.close();
    this.#release();
  }

  /** There will be no more, and it is not complete. */
  fail(error: unknown): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#controller.error(error);
    this.#release();
  }

  #pull(): void | Promise<void> {
    const piece = this.#piece;
    if (piece === undefined) {
      return new Promise((asked) => {
        this.#wanted = asked;
      });
    }
    this.#piece = undefined;
    this.#controller.enqueue(piece.bytes);
    piece.taken();
    return undefined;
  }

  /** Nobody waits any more. */
  #release(): void {
    this.#wanted?.();
    this.#wanted = undefined;
    this.#piece?.taken();
    this.#piece = undefined;
  }
}
