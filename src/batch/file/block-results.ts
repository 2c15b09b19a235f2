import type { PieceSink } from './piece-sink.ts';
import { type Piece, Pieces } from './pieces.ts';

/** Counts the results of a batch of blocks and hands them on, in the order that is asked for. */
export class BlockResults {
  readonly #sink: PieceSink;
  readonly #pieces: Pieces;
  readonly #onFailed: () => void;
  #done = 0;
  #counts = { succeeded: 0, refused: 0, failed: 0 };
  #full: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param onFailed Hears that what was written could not be: from then on {@link assertWell} says so. */
  constructor(order: 'kept' | 'any', sink: PieceSink, onFailed: () => void) {
    this.#sink = sink;
    this.#onFailed = onFailed;
    this.#pieces = new Pieces(order, sink.done.prefix, (index, piece) => this.#write(index, piece));
  }

  /** Records whose results are there, whether or not they are written. */
  get done(): number {
    return this.#done;
  }

  get counts(): { readonly succeeded: number; readonly refused: number; readonly failed: number } {
    return this.#counts;
  }

  /** What is to be waited for before more is read, told once. */
  takeFull(): Promise<void> | undefined {
    const full = this.#full;
    this.#full = undefined;
    return full;
  }

  assertWell(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** @param ordinal Of the first record of the piece, among those that are to run. */
  place(ordinal: number, piece: Piece, memory: 'lent' | 'own'): void {
    this.#done += piece.count;
    for (const key of ['succeeded', 'refused', 'failed'] as const) this.#counts[key] += piece.counts[key];
    this.#pieces.place(ordinal, piece, memory);
  }

  #write(ordinal: number, piece: Piece): void {
    try {
      const full = this.#sink.take(ordinal, piece);
      // Whoever waits for it next hears of a failure, and so does the end.
      full?.catch(() => {});
      this.#full = full ?? this.#full;
    } catch (error) {
      this.#failure ??= { error };
      this.#onFailed();
    }
  }
}
