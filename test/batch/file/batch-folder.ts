import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BatchSummary } from '../../../src/batch/file/tally.ts';
import type { FileBatchOptions, PluginEngine } from '../../../src/index.ts';
import { echo } from '../../fixtures/guests.ts';
import { closeEngines, createEngine } from '../../support/engine.ts';

/** An engine with `echo`, and a folder that each test gets anew. */
export interface BatchFolder {
  readonly engine: PluginEngine;
  /** Where a file of the folder is; a path that is absolute already stays. */
  at(name: string): string;
  /** Runs `in.jsonl` into `out.jsonl` through `echo`, in order, unless the options say otherwise. */
  run(options?: Partial<FileBatchOptions>): Promise<BatchSummary>;
}

/** For the suite that calls it. */
export function batchFolder(): BatchFolder {
  let engine: PluginEngine;
  let folder = '';
  const at = (name: string): string => resolve(folder, name);
  before(async () => {
    engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-batch-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  after(closeEngines);
  return {
    get engine() {
      return engine;
    },
    at,
    run: (options = {}) =>
      engine.batchFiles({
        plugin: 'echo',
        ordered: true,
        ...options,
        input: typeof options.input === 'object' ? options.input.map(at) : at(options.input ?? 'in.jsonl'),
        output: at(options.output ?? 'out.jsonl'),
        ...(options.deadLetter !== undefined && { deadLetter: at(options.deadLetter) }),
      }),
  };
}
