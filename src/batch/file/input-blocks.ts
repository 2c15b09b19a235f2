import type { LineSource } from '../../block/line-source.ts';
import type { LineRecipe } from '../../block/source.ts';
import type { BlockHost } from './block-host.ts';
import { BlockMemory } from './block-memory.ts';
import type { BatchInputs } from './inputs.ts';
import { LineBlocks } from './line-blocks.ts';
import type { FileRecord } from './record.ts';

let recipes = 0;

/** The blocks of all inputs, one input after the other. */
export class InputBlocks {
  readonly #inputs: BatchInputs;
  readonly #recipe: Omit<LineRecipe, 'id' | 'kind' | 'file'>;
  readonly #host: BlockHost;
  readonly #memory: BlockMemory;
  #blocks: LineBlocks | undefined;

  /** @param recipe What is the same for all of them. */
  constructor(inputs: BatchInputs, recipe: Omit<LineRecipe, 'id' | 'kind' | 'file'>, host: BlockHost) {
    this.#inputs = inputs;
    this.#recipe = recipe;
    this.#host = host;
    this.#memory = new BlockMemory(host.bytes);
  }

  /** Records that were read so far. */
  get records(): number {
    return this.#blocks?.records ?? 0;
  }

  /** The next block, the record of a line that is too long for one, or undefined at the end. */
  async next(): Promise<LineSource | FileRecord | undefined> {
    for (;;) {
      const item = await this.#blocks?.next();
      if (item !== undefined) return item;
      this.#blocks?.close();
      const next = await this.#inputs.next();
      if (next === undefined) return undefined;
      const { input, file, name } = next;
      const kind = file.format === 'lines' ? 'lines' : 'jsonl';
      const recipe = { ...this.#recipe, id: ++recipes, kind, file: name } as const;
      this.#blocks = new LineBlocks(input, recipe, this.#memory, this.#host.records, this.records);
    }
  }

  /** Takes the memory of a block back, all of whose records are over. */
  release({ bytes }: LineSource): void {
    this.#memory.release(bytes);
  }
}
