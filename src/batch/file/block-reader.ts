import type { LineSource } from '../../block/line-source.ts';
import type { FileRecord } from './record.ts';

/** What gives the lines of an input in blocks. */
export interface BlockReader {
  /** Records that were read so far. */
  readonly records: number;
  /** The next block, the record of a line that is too long for any, or undefined at the end. A line may be longer than a block. */
  next(): Promise<LineSource | FileRecord | undefined>;
  /** Takes the memory of a block back, all of whose records are over. */
  release(source: LineSource): void;
}
