import { Buffer } from 'node:buffer';
import type { TallyState } from './tally.ts';

/** Lines of results that stand together in the output, and what they count. */
export interface Piece {
  readonly count: number;
  readonly output: Uint8Array;
  readonly letters: string[];
  readonly counts: TallyState;
}

/** Brings results into the order of their records, where that is asked for. */
export class Pieces {
  readonly #order: 'kept' | 'any';
  readonly #write: (index: number, piece: Piece) => void;
  /** What is done and waits for what comes before it, by the index of its first record. */
  readonly #early = new Map<number, Piece>();
  #next: number;

  /** @param next The first record whose result is not there yet. */
  constructor(order: 'kept' | 'any', next: number, write: (index: number, piece: Piece) => void) {
    this.#order = order;
    this.#next = next;
    this.#write = write;
  }

  /**
   * Writes a piece, or keeps it until what comes before it is written.
   *
   * @param memory Whether its bytes are somebody else's, who needs them back.
   */
  place(index: number, piece: Piece, memory: 'lent' | 'own'): void {
    if (this.#order === 'any') {
      this.#write(index, piece);
      return;
    }
    if (index !== this.#next) {
      this.#early.set(index, memory === 'own' ? piece : { ...piece, output: Buffer.from(piece.output) });
      return;
    }
    for (let next: Piece | undefined = piece; next !== undefined; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      this.#write(this.#next, next);
      this.#next += next.count;
    }
  }
}
