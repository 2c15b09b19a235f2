import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { BatchProgress, BatchRequest, BatchResult } from '../../src/index.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const shown = (result: BatchResult): string =>
  result.ok ? (result.errorMessage ?? result.output) : `${result.error.code} ${result.error.plugin}`;

describe('a batch through several plugins', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(async () => {
    engine = await createEngine();
    await engine.loadPlugin('a', await echo(), { config: { prefix: 'a(' } });
    await engine.loadPlugin('b', await echo(), { config: { prefix: 'b(' } });
    await engine.loadPlugin('hostile', await hostile());
  });
  after(closeEngines);

  it('gives each the output of the one before', async () => {
    const records = ['x', 'y'].map((input) => ({ input }));
    const results = await all(engine.batch(records, { plugin: 'a', chain: ['b', 'a'], ordered: true }));
    expect(results.map(shown)).to.deep.equal(['a(b(a(x', 'a(b(a(y']);
    expect(results.map(({ index }) => index)).to.deep.equal([0, 1]);
  });

  it('ends a record at the first that fails or refuses, and says which', async () => {
    const records: BatchRequest[] = [
      { plugin: 'hostile', input: 'fail' },
      { plugin: 'hostile', input: 'unreachable' },
      { plugin: 'hostile', input: 'fine' },
    ];
    const batch = engine.batch(records, { chain: ['b', 'nobody'], ordered: true });
    expect((await all(batch)).map(shown)).to.deep.equal([
      'asked to fail',
      'ERR_TRAP hostile',
      'ERR_PLUGIN_NOT_FOUND nobody',
    ]);
    const counts = batch
      .progress()
      .plugins.map(({ plugin, stage, calls, unsuccessful }) => [plugin, stage, calls, unsuccessful]);
    expect(counts).to.deep.equal([
      ['hostile', 0, 3, 2],
      ['b', 1, 1, 0],
      ['nobody', 2, 1, 1],
    ]);
  });

  it('hands the options of the record to all of them', async () => {
    const batch = engine.batch([{ input: 'option', options: [['k', 'option']] }], { plugin: 'a', chain: ['b'] });
    expect((await all(batch)).map(shown)).to.deep.equal(['option']);
  });

  it('refuses a chain that is none', async () => {
    for (const chain of ['b', [''], [7]]) {
      const error = await rejection(all(engine.batch([], { plugin: 'a', chain: chain as string[] })));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
    }
  });
});

describe('the progress of a batch', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(async () => {
    engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
    await engine.loadPlugin('hostile', await hostile());
  });
  after(closeEngines);

  it('is told at intervals and at the end', async () => {
    const told: BatchProgress[] = [];
    const records = Array.from({ length: 200 }, () => ({ input: 'burn 1' }));
    const options = { plugin: 'echo', concurrency: 4, progressIntervalMs: 10 };
    await all(engine.batch(records, { ...options, onProgress: (progress) => told.push(progress) }));
    expect(told.length).to.be.at.least(3);
    expect(told[0]!.done).to.be.below(200);
    for (const [index, progress] of told.entries()) {
      expect(progress.done).to.be.at.least(told[index - 1]?.done ?? 0);
      expect(progress.inFlight).to.be.at.most(4);
      expect(progress.read - progress.done).to.equal(progress.inFlight);
    }
    const { read, done, succeeded, refused, failed, inFlight, concurrency, plugins } = told.at(-1)!;
    expect({ read, done, succeeded, refused, failed, inFlight, concurrency }).to.deep.equal({
      read: 200,
      done: 200,
      succeeded: 200,
      refused: 0,
      failed: 0,
      inFlight: 0,
      concurrency: 4,
    });
    expect(plugins[0]).to.deep.include({ plugin: 'echo', stage: 0, calls: 200, unsuccessful: 0 });
    expect(plugins[0]!.latencyMs.p50).to.be.above(0);
    expect(plugins[0]!.latencyMs.p99).to.be.at.least(plugins[0]!.latencyMs.p50);
  });

  it('counts what failed and what was refused', async () => {
    const batch = engine.batch([{ input: 'fail' }, { input: 'unreachable' }, { input: 'a' }], { plugin: 'hostile' });
    await all(batch);
    expect(batch.progress()).to.deep.include({ done: 3, succeeded: 1, refused: 1, failed: 1 });
  });

  it('ends the batch when its listener throws', async () => {
    const failure = new Error('the terminal is gone');
    const options = {
      plugin: 'hostile',
      progressIntervalMs: 1,
      onProgress: () => {
        throw failure;
      },
    };
    const outcome = await all(engine.batch([{ input: 'spin' }], options)).catch((error: unknown) => error);
    expect(outcome).to.equal(failure);
  });

  it('has a concurrency that finds its own way', async () => {
    const records = Array.from({ length: 20_000 }, (_, index) => ({ input: `${index}` }));
    const batch = engine.batch(records, { plugin: 'echo', concurrency: { min: 2, max: 512 } });
    const results = await all(batch);
    expect(results.length).to.equal(20_000);
    expect(batch.progress().concurrency).to.be.within(2, 512);
  });
});
