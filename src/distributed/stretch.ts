import type { ChunkContent } from './chunk.ts';
import type { Collected, SubmissionOutput } from './submission-output.ts';

/** Records of a file that follow each other, and make a chunk. */
export interface Stretch {
  /** The first of them among those that run, by which the chunk is known, and how many they are. */
  readonly number: number;
  readonly count: number;
  /** What of it is left to be run: where it has none, nothing goes into the queue. */
  content(collected: Collected): ChunkContent;
  /**
   * Writes what became of its records, of those that are not collected.
   *
   * @throws {PluginError} `ERR_BATCH_QUEUE` for what is no result.
   */
  write(results: Readonly<Record<string, Buffer>>, output: SubmissionOutput): Promise<void>;
}

/** Cuts a file into stretches: where depends on the file alone, so that a run that is resumed cuts alike. */
export interface Cutter {
  /** Records that were read and run, those of earlier runs too. */
  readonly read: number;
  /** The next one; undefined at the end, and when it was interrupted. */
  next(): Promise<Stretch | undefined>;
}

/** Whether nothing of a stretch is left to do. */
export function isCollected({ number, count }: Pick<Stretch, 'number' | 'count'>, collected: Collected): boolean {
  return collected.has(number) && collected.run(number, count) === count;
}
