import type { LineSource } from '../../block/line-source.ts';
import type { LineRecipe } from '../../block/source.ts';
import type { BlockHost } from './block-host.ts';
import { BlockMemory } from './block-memory.ts';
import type { BlockReader } from './block-reader.ts';
import type { BatchInputs } from './inputs.ts';
import { LineBlocks } from './line-blocks.ts';
import { numbered } from './line-recipe.ts';
import type { FileRecord } from './record.ts';

/** The blocks of all inputs, one input after the other. */
export class InputBlocks implements BlockReader {
  readonly #inputs: BatchInputs;
  readonly #recipe: Omit<LineRecipe, 'id' | 'kind' | 'file'>;
  readonly #size: Pick<BlockHost, 'bytes' | 'records'>;
  readonly #fills: 'with what there is' | 'up';
  readonly #memory: BlockMemory;
  #blocks: LineBlocks | undefined;

  /**
   * @param recipe What is the same for all of them.
   * @param size Of a block at the most.
   * @param fills `up` to have blocks that depend on the bytes alone, and not on how they come through a pipe.
   */
  constructor(
    inputs: BatchInputs,
    recipe: Omit<LineRecipe, 'id' | 'kind' | 'file'>,
    size: Pick<BlockHost, 'bytes' | 'records'>,
    fills: 'with what there is' | 'up' = 'with what there is',
  ) {
    this.#inputs = inputs;
    this.#recipe = recipe;
    this.#size = size;
    this.#fills = fills;
    this.#memory = new BlockMemory(size.bytes);
  }

  get records(): number {
    return this.#blocks?.records ?? 0;
  }

  async next(): Promise<LineSource | FileRecord | undefined> {
    for (;;) {
      const item = await this.#blocks?.next();
      if (item !== undefined) return item;
      this.#blocks?.close();
      const next = await this.#inputs.next();
      if (next === undefined) return undefined;
      const { input, file, name } = next;
      const kind = file.format === 'lines' ? 'lines' : 'jsonl';
      const recipe = numbered({ ...this.#recipe, kind, file: name });
      const first = { index: this.records, line: 1 };
      const source = this.#fills === 'up' ? { size: 0, read: () => input.read() } : input;
      this.#blocks = new LineBlocks(source, recipe, this.#memory, this.#size.records, first);
    }
  }

  release({ bytes }: LineSource): void {
    this.#memory.release(bytes);
  }
}
