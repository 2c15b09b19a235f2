import type { LineSource } from '../block/line-source.ts';
import type { ChunkContent, ChunkLines } from './chunk.ts';
import { toPiece } from './incoming-pieces.ts';
import { isCollected, type Stretch } from './stretch.ts';
import type { Collected, SubmissionOutput } from './submission-output.ts';

/** Whole lines of a file, which go as they stand there; workers find the records. */
export class LineStretch implements Stretch {
  readonly number: number;
  readonly count: number;
  readonly #lines: ChunkLines;
  readonly #bytes: Buffer;

  /** @param number Of the first record, among those that run. */
  constructor({ recipe, bytes, count, firstIndex, firstLine }: LineSource, number: number) {
    const { kind, output, letters, options, file } = recipe;
    this.number = number;
    this.count = count;
    const form = { kind, output, letters, options, ...(file !== undefined && { file }) };
    this.#lines = { ...form, firstIndex, firstLine, count };
    // The memory of the block is for the next one.
    this.#bytes = Buffer.from(bytes);
  }

  content(collected: Collected): ChunkContent {
    return isCollected(this, collected) ? { records: [] } : { lines: this.#lines, bytes: this.#bytes };
  }

  /** All at once, so that of a run that is killed the journal has all of them or none. */
  async write(results: Readonly<Record<string, Buffer>>, output: SubmissionOutput): Promise<void> {
    await output.addPiece(this.number, toPiece(results, this.#lines), this.#lines.file);
  }
}
