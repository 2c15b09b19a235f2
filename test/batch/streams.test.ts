import { once } from 'node:events';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { BatchRequest, BatchResult } from '../../src/index.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { until } from '../support/outcome.ts';

const outputOf = (result: BatchResult): string => (result.ok ? result.output : result.error.code);

function* requests(count: number): Generator<BatchRequest> {
  for (let index = 0; index < count; index++) yield { input: `${index}` };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

/** A writable that keeps what it gets, and takes its time. */
function collector(outputs: string[]): Writable {
  return new Writable({
    objectMode: true,
    highWaterMark: 4,
    write: (result: BatchResult, _encoding, done) => {
      outputs.push(outputOf(result));
      setImmediate(done);
    },
  });
}

describe('engine.batch() and streams', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  const options = { plugin: 'echo', ordered: true, concurrency: 16 } as const;
  before(async () => {
    engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
    await engine.loadPlugin('hostile', await hostile());
  });
  after(closeEngines);

  it('is a source of stream.pipeline', async () => {
    const outputs: string[] = [];
    await pipeline(engine.batch(requests(500), options), collector(outputs));
    expect(outputs).to.deep.equal(numbers(500));
  });

  it('is a step of stream.pipeline', async () => {
    const outputs: string[] = [];
    await pipeline(
      Readable.from(requests(500)),
      (source: AsyncIterable<BatchRequest>) => engine.batch(source, options),
      collector(outputs),
    );
    expect(outputs).to.deep.equal(numbers(500));
  });

  it('becomes a Readable', async () => {
    const results = Readable.from(engine.batch(requests(200), options));
    expect((await results.toArray()).map(outputOf)).to.deep.equal(numbers(200));
  });

  it('takes a Readable, and destroys it when it is left', async () => {
    let pushed = 0;
    const source = new Readable({
      objectMode: true,
      read() {
        this.push({ input: `${pushed++}` });
      },
    });
    for await (const result of engine.batch(source, options)) if (result.index === 20) break;
    expect(source.destroyed).to.equal(true);
    // What the stream holds itself (16 objects) comes on top of what is in flight.
    expect(pushed).to.be.at.most(21 + 16 + 17);
  });

  it('destroys a Readable that never gives anything', async () => {
    const source = new Readable({ objectMode: true, read() {} });
    const batch = engine.batch(source, options);
    const pending = batch.next();
    await batch.return();
    expect(await pending).to.deep.equal({ done: true, value: undefined });
    expect(source.destroyed).to.equal(true);
  });

  it('fails with what a Readable fails with', async () => {
    const failure = new Error('the socket is gone');
    const source = new Readable({
      objectMode: true,
      read() {
        this.destroy(failure);
      },
    });
    const outcome = await pipeline(engine.batch(source, options), collector([])).catch((error: unknown) => error);
    expect(outcome).to.equal(failure);
  });

  it('takes a web stream and becomes one', async () => {
    const results = ReadableStream.from(engine.batch(ReadableStream.from(requests(200)), options));
    const outputs: string[] = [];
    for await (const result of results) outputs.push(outputOf(result as BatchResult));
    expect(outputs).to.deep.equal(numbers(200));
  });

  it('cancels a web stream that never gives anything', async () => {
    let cancelled = 0;
    const source = new ReadableStream<BatchRequest>({
      pull: () => new Promise(() => {}),
      cancel: () => {
        cancelled++;
      },
    });
    const batch = engine.batch(source, options);
    const pending = batch.next();
    await batch.return();
    expect((await pending).done).to.equal(true);
    expect(cancelled).to.equal(1);
    expect(source.locked).to.equal(false);
  });

  it('pipes through web streams with backpressure', async () => {
    let read = 0;
    const source = new ReadableStream<BatchRequest>(
      {
        pull: (controller) => {
          controller.enqueue({ input: `${read++}` });
        },
      },
      { highWaterMark: 0 },
    );
    const reader = ReadableStream.from(engine.batch(source, { ...options, concurrency: 4 })).getReader();
    for (let taken = 1; taken <= 30; taken++) {
      await reader.read();
      expect(read).to.be.at.most(taken + 1 + 4);
    }
    await reader.cancel();
  });

  it('is stopped by the destruction of the stream that waits for it, with all that runs', async () => {
    const results = Readable.from(engine.batch([{ plugin: 'hostile', input: 'spin' }], options));
    results.on('data', () => {});
    await until(() => engine.status().threads.busy > 0);
    results.destroy();
    await once(results, 'close');
    await until(() => engine.status().threads.busy === 0);
  });

  it('leaves nothing running after return(), while next() waits', async () => {
    const records = Array.from({ length: 10 }, () => ({ plugin: 'hostile', input: 'spin' }));
    const batch = engine.batch(records, { concurrency: 10 });
    const pending = batch.next();
    await until(() => engine.status().threads.busy > 0);
    await batch.return();
    expect((await pending).done).to.equal(true);
    expect(engine.status().queued).to.equal(0);
    await until(() => engine.status().threads.busy === 0);
  });

  it('answers every next() of several that are called at once', async () => {
    const batch = engine.batch(requests(3), options);
    const answers = await Promise.all([batch.next(), batch.next(), batch.next(), batch.next(), batch.next()]);
    expect(answers.map(({ done }) => done)).to.deep.equal([false, false, false, true, true]);
  });

  it('can be transformed on the way', async () => {
    const outputs: string[] = [];
    const upper = new Transform({
      objectMode: true,
      transform: ({ input }: BatchRequest, _encoding, done) => done(null, { input: `<${input}>` }),
    });
    await pipeline(
      Readable.from(requests(3)),
      upper,
      (source: AsyncIterable<BatchRequest>) => engine.batch(source, options),
      collector(outputs),
    );
    expect(outputs).to.deep.equal(['<0>', '<1>', '<2>']);
  });
});
