import { type Batch, runBatch } from '../batch/batch.ts';
import type { BatchHost } from '../batch/file/file-batch.ts';
import type { FileBatchOptions } from '../batch/file/options.ts';
import type { BatchSummary } from '../batch/file/tally.ts';
import type { BatchOptions, BatchRequest } from '../batch/options.ts';
import type { BatchSource } from '../batch/source.ts';
import { BLOCK_INPUT_BYTES } from '../pool/block-area.ts';
import type { Scheduling } from '../registry/executor.ts';
import type { Registry } from '../registry/registry.ts';
import type { Life } from './life.ts';
import type { Requests } from './requests.ts';

/** Runs an engine's batches: those of a program's records, and those of files. */
export class Batches {
  readonly #scheduler: Scheduling;
  readonly #registry: Registry;
  readonly #life: Life;
  readonly #requests: Requests;
  readonly #threads: number;

  constructor(scheduler: Scheduling, registry: Registry, life: Life, requests: Requests, threads: number) {
    this.#scheduler = scheduler;
    this.#registry = registry;
    this.#life = life;
    this.#requests = requests;
    this.#threads = threads;
  }

  run(source: BatchSource<BatchRequest>, options: BatchOptions): Batch {
    return runBatch(source, options, this.#requests.submit, this.#requests.submitMany);
  }

  async runFiles(options: FileBatchOptions): Promise<BatchSummary> {
    this.#life.assertOpen();
    const { runFileBatch } = await import('../batch/file/file-batch.ts');
    return runFileBatch(options, this.host);
  }

  /** The engine, as batches of files need it. */
  get host(): BatchHost {
    return {
      submit: this.#requests.submit,
      submitMany: this.#requests.submitMany,
      plugins: () => this.#registry.recipes(),
      threads: this.#threads,
      blocks: {
        blocks: 2 * this.#threads + 1,
        bytes: BLOCK_INPUT_BYTES,
        records: Math.max(this.#scheduler.longestBlock, 1),
        submit: (name, block) => {
          const lane = this.#requests.laneForBlocks(name);
          if (lane === undefined) return false;
          this.#scheduler.submitBlock(lane, block, { whenFull: 'wait' });
          return true;
        },
      },
    };
  }
}
