import { InputBlocks } from '../batch/file/input-blocks.ts';
import type { BatchInputs } from '../batch/file/inputs.ts';
import { lineRecipe } from '../batch/file/line-recipe.ts';
import type { ResolvedFileBatchOptions } from '../batch/file/options.ts';
import { FileRecord } from '../batch/file/record.ts';
import type { LineSource } from '../block/line-source.ts';
import { CHUNK_BYTES } from './chunk.ts';
import { LineStretch } from './line-stretch.ts';
import { RecordStretch } from './record-stretch.ts';
import type { Cutter, Stretch } from './stretch.ts';

/**
 * Bytes that a chunk has for each of its records, at the most: what is read beyond the last one is moved, so that there should not be
 * too much of it.
 */
const RECORD_BYTES = 512;
const LEAST_BYTES = 64 * 1024;

/** Cuts a file at the ends of lines; what stands on them nobody looks at here. */
export class LineCutter implements Cutter {
  readonly #options: ResolvedFileBatchOptions;
  readonly #blocks: InputBlocks;

  /** @param size Records of a stretch at the most. */
  constructor(inputs: BatchInputs, options: ResolvedFileBatchOptions, size: number) {
    this.#options = options;
    const bytes = Math.min(Math.max(size * RECORD_BYTES, LEAST_BYTES), CHUNK_BYTES);
    this.#blocks = new InputBlocks(inputs, lineRecipe(options), { bytes, records: size }, 'up');
  }

  get read(): number {
    const { skip, limit } = this.#options.selection;
    return Math.min(Math.max(this.#blocks.records - skip, 0), limit);
  }

  async next(): Promise<Stretch | undefined> {
    const { interrupt, selection } = this.#options;
    while (this.read < selection.limit) {
      const item = await this.#blocks.next();
      // What is read after an interruption may be the beginning of a line.
      if (item === undefined || interrupt?.aborted) return undefined;
      const stretch = item instanceof FileRecord ? this.#ofOne(item) : this.#ofMany(item);
      if (stretch !== undefined) return stretch;
    }
    return undefined;
  }

  /** Of a line that is too long for anybody. */
  #ofOne(record: FileRecord): Stretch | undefined {
    record.ordinal = record.index - this.#options.selection.skip;
    return record.ordinal < 0 ? undefined : new RecordStretch([record]);
  }

  /** Of those that run. */
  #ofMany(source: LineSource): Stretch | undefined {
    const { skip, limit } = this.#options.selection;
    const first = source.firstIndex - skip;
    const start = Math.max(first, 0);
    const count = Math.min(first + source.count, limit) - start;
    try {
      if (count <= 0) return undefined;
      return new LineStretch(count === source.count ? source : source.part(start - first, count), start);
    } finally {
      this.#blocks.release(source);
    }
  }
}
