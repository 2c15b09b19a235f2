import type { IndexSet } from '../journal/indexes.ts';
import type { Piece } from './pieces.ts';

/** Where the results of blocks go. */
export interface PieceSink {
  /** The records whose results are there, by their place among those that run. */
  readonly done: Pick<IndexSet, 'has' | 'prefix' | 'run'>;
  /**
   * Takes the results of records that follow each other. The bytes may be somebody else's after the call.
   *
   * @param ordinal Of the first record, among those that run.
   * @returns A promise where whoever takes them cannot keep up.
   */
  take(ordinal: number, piece: Piece): Promise<void> | undefined;
}
