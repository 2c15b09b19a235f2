import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { OldestRecord } from '../../src/batch/oldest.ts';
import type { PluginEngine } from '../../src/engine.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';

describe('the progress of a batch', () => {
  let engine: PluginEngine;
  let folder = '';

  before(async () => {
    engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile(), { sandbox: { cpuTimeLimitMs: 10_000 } });
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-oldest-'));
    const records = ['fine', 'fine', 'spin', 'fine'].map((input, index) => `{"id":"r${index}","input":"${input}"}\n`);
    await writeFile(join(folder, 'in.jsonl'), records.join(''));
  });
  after(async () => {
    await closeEngines();
    await rm(folder, { recursive: true });
  });

  // One flow takes blocks, the other records by themselves.
  for (const concurrency of [256, 1]) {
    it(`names the record that it waits for, with ${concurrency} in flight`, async () => {
      const stop = new AbortController();
      let stuck: OldestRecord | undefined;
      const run = engine.batchFiles({
        plugin: 'hostile',
        input: join(folder, 'in.jsonl'),
        output: join(folder, `out-${concurrency}.jsonl`),
        journal: false,
        concurrency,
        signal: stop.signal,
        progressIntervalMs: 5,
        onProgress: ({ oldest }) => {
          if (oldest?.index !== 2 || oldest.seconds === 0) return;
          stuck = oldest;
          stop.abort();
        },
      });
      await run.catch(() => {});
      expect(stuck).to.include({ plugin: 'hostile', index: 2 });
    });
  }
});
