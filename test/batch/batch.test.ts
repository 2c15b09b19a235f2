import { expect } from 'chai';
import { runBatch } from '../../src/batch/batch.ts';
import type { BatchRequest, BatchResult } from '../../src/batch/options.ts';
import type { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { isSettled, rejection, seeded, turn, until } from '../support/outcome.ts';
import { submitTo } from '../support/submit.ts';

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** A source that says how far it has been read and whether it was told to end. */
function counted(count: number, record: (index: number) => BatchRequest = (index) => ({ input: `${index}` })) {
  const seen = { read: 0, ended: 0 };
  function* sync(): Generator<BatchRequest> {
    try {
      while (seen.read < count) yield record(seen.read++);
    } finally {
      seen.ended++;
    }
  }
  async function* async(): AsyncGenerator<BatchRequest> {
    yield* sync();
  }
  return { seen, sources: { sync, async } };
}

const KINDS = ['sync', 'async'] as const;

describe('engine.batch()', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(async () => {
    engine = await createEngine({ queueLimit: 50 });
    await engine.loadPlugin('echo', await echo());
    await engine.loadPlugin('hostile', await hostile());
  });
  after(closeEngines);

  for (const kind of KINDS) {
    describe(`from ${kind === 'sync' ? 'an iterable' : 'an async iterable'}`, () => {
      it('answers every record once, with its index and id', async () => {
        const { sources } = counted(2000, (index) => ({ id: `id-${index}`, input: `${index}` }));
        const results = await all(engine.batch(sources[kind](), { plugin: 'echo', concurrency: 300 }));
        results.sort((a, b) => a.index - b.index);
        expect(results).to.deep.equal(
          results.map((_, index) => ({ index, id: `id-${index}`, ok: true, output: `${index}`, success: true })),
        );
        expect(results.length).to.equal(2000);
      });

      it('in order, if it is asked to', async () => {
        const random = seeded(7);
        const { sources } = counted(300, (index) => ({
          plugin: random.pick(['echo', 'hostile']),
          input: random.pick(['burn 1', 'burn 3', `${index}`]),
        }));
        const results = await all(engine.batch(sources[kind](), { ordered: true, concurrency: 32 }));
        expect(results.map(({ index }) => index)).to.deep.equal(Array.from({ length: 300 }, (_, index) => index));
      });

      for (const ordered of [false, true]) {
        it(`never reads further ahead than its concurrency, ${ordered ? '' : 'not '}ordered`, async () => {
          const { seen, sources } = counted(200);
          let taken = 0;
          for await (const _ of engine.batch(sources[kind](), { plugin: 'echo', concurrency: 8, ordered })) {
            taken++;
            // The consumer is slow: everything that may be read is.
            for (let i = 0; i < 5; i++) await turn();
            expect(seen.read).to.be.at.most(taken + 8);
          }
          expect(taken).to.equal(200);
        });
      }

      it('reads nothing before it is asked', async () => {
        const { seen, sources } = counted(10);
        const results = engine.batch(sources[kind](), { plugin: 'echo' });
        await turn();
        expect(seen.read).to.equal(0);
        expect((await all(results)).length).to.equal(10);
      });

      it('ends the source when the consumer has enough', async () => {
        const { seen, sources } = counted(1_000_000);
        for await (const { index } of engine.batch(sources[kind](), {
          plugin: 'echo',
          concurrency: 4,
          ordered: true,
        })) {
          if (index === 9) break;
        }
        // A source that is just being read ends when it has answered.
        await until(() => seen.ended === 1);
        expect(seen.read).to.be.at.most(14);
        expect(engine.status().queued).to.equal(0);
      });

      it('throws what the source throws', async () => {
        const failure = new Error('the disk is gone');
        const { seen, sources } = counted(100, (index) => {
          if (index === 20) throw failure;
          return { input: `${index}` };
        });
        const results: BatchResult[] = [];
        let thrown: unknown;
        try {
          for await (const one of engine.batch(sources[kind](), { plugin: 'echo', concurrency: 4 })) results.push(one);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).to.equal(failure);
        expect(results.length).to.be.within(16, 20);
        expect(seen.ended).to.equal(1);
      });

      it('ends with ERR_ABORTED when it is aborted, and takes what runs with it', async () => {
        const controller = new AbortController();
        const { seen, sources } = counted(1_000_000, (index) => ({ input: index === 3 ? 'spin' : `${index}` }));
        const results: BatchResult[] = [];
        const run = (async () => {
          const { signal } = controller;
          for await (const one of engine.batch(sources[kind](), {
            plugin: 'hostile',
            concurrency: 4,
            ordered: true,
            signal,
          })) {
            results.push(one);
            if (one.index === 2) setImmediate(() => controller.abort(new Error('enough')));
          }
        })();
        const error = await rejection(run);
        expect([error.code, (error.cause as Error).message]).to.deep.equal(['ERR_ABORTED', 'enough']);
        expect(results.map(({ index }) => index)).to.deep.equal([0, 1, 2]);
        await until(() => seen.ended === 1);
        expect((await engine.process('hostile', { input: 'free again' })).output).to.equal('free again');
      });
    });
  }

  it('carries each error with its record, and goes on', async () => {
    const records = [
      { input: 'a' },
      { input: 'unreachable' },
      { plugin: 'nobody', input: 'b' },
      { plugin: '', input: 'c' },
      { input: 7 },
      null,
      { input: 'fail' },
      { input: 'z', options: 'none' },
      { input: 'last' },
    ] as unknown as BatchRequest[];
    const results = await all(engine.batch(records, { plugin: 'hostile', ordered: true }));
    expect(results.map((one) => (one.ok ? (one.errorMessage ?? one.output) : one.error.code))).to.deep.equal([
      'a',
      'ERR_TRAP',
      'ERR_PLUGIN_NOT_FOUND',
      'ERR_INVALID_ARGUMENT',
      'ERR_INVALID_ARGUMENT',
      'ERR_INVALID_ARGUMENT',
      'asked to fail',
      'ERR_INVALID_ARGUMENT',
      'last',
    ]);
  });

  it('gives each record its deadline', async () => {
    // What can be answered comes first, to an instance that is there: a busy machine takes its time to make another one.
    await engine.process('hostile', { input: 'warm' });
    const records = [{ input: 'quick' }, { input: 'spin' }];
    const results = await all(engine.batch(records, { plugin: 'hostile', ordered: true, deadlineMs: 2000 }));
    expect(results.map((one) => (one.ok ? one.output : one.error.code))).to.deep.equal(['quick', 'ERR_DEADLINE']);
    expect((await engine.process('hostile', { input: 'after' })).output).to.equal('after');
  });

  it('aborted before it begins reads nothing', async () => {
    const { seen, sources } = counted(10);
    const error = await rejection(all(engine.batch(sources.sync(), { plugin: 'echo', signal: AbortSignal.abort() })));
    expect([error.code, seen.read]).to.deep.equal(['ERR_ABORTED', 0]);
  });

  it('of nothing is nothing', async () => {
    expect(await all(engine.batch([], { plugin: 'echo' }))).to.deep.equal([]);
  });

  it('refuses what it does not know', async () => {
    const refused = async (source: unknown, options: object): Promise<string> =>
      (await rejection(all(engine.batch(source as BatchRequest[], options)))).code;
    for (const source of [undefined, null, 7, 'text', {}]) {
      expect(await refused(source, { plugin: 'echo' })).to.equal('ERR_INVALID_ARGUMENT');
    }
    for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { order: true }]) {
      expect(await refused([], options)).to.equal('ERR_INVALID_ARGUMENT');
    }
  });

  it('that was left, over and over, does not keep the engine from closing', async () => {
    for (let round = 0; round < 4; round++) {
      const own = await createEngine();
      await own.loadPlugin('echo', await echo());
      let taken = 0;
      for await (const _ of own.batch(counted(3000).sources.sync(), { plugin: 'echo' })) if (++taken > 300) break;
      // What was running in a worker when it was given up has its time to end.
      await until(() => own.listPlugins()[0]!.pending === 0);
      await own.close({ force: round % 2 === 0 });
    }
  });

  describe('with a source that hangs', () => {
    /** One record, and then nothing ever. */
    async function* stuck(): AsyncGenerator<BatchRequest> {
      yield { input: 'only' };
      await new Promise(() => {});
    }

    it('can be aborted', async () => {
      const controller = new AbortController();
      const results = engine.batch(stuck(), { plugin: 'echo', signal: controller.signal });
      expect((await results.next()).value).to.deep.include({ index: 0, output: 'only' });
      const next = rejection(results.next());
      expect(await isSettled(next)).to.equal(false);
      controller.abort();
      expect((await next).code).to.equal('ERR_ABORTED');
    });

    it('can be left', async () => {
      for await (const { index } of engine.batch(stuck(), { plugin: 'echo' })) {
        expect(index).to.equal(0);
        break;
      }
    });
  });
});

describe('runBatch()', () => {
  it('has as many in flight as its concurrency says, and no more', async () => {
    for (const concurrency of [1, 7]) {
      let running = 0;
      let most = 0;
      const { sources } = counted(100);
      const process = async (_plugin: string, { input }: BatchRequest) => {
        most = Math.max(most, ++running);
        await turn();
        running--;
        return { output: input, success: true };
      };
      expect((await all(runBatch(sources.async(), { plugin: 'p', concurrency }, submitTo(process)))).length).to.equal(
        100,
      );
      expect(most).to.equal(concurrency);
    }
  });

  it('gives results as they are done, unless they are to be in order', async () => {
    const finishers: (() => void)[] = [];
    const process = (_plugin: string, { input }: BatchRequest) =>
      new Promise<{ output: string; success: boolean }>((resolve) => {
        finishers.push(() => resolve({ output: input, success: true }));
      });
    for (const [ordered, expected] of [
      [false, ['2', '0', '1']],
      [true, ['0', '1', '2']],
    ] as const) {
      const results = all(runBatch(counted(3).sources.sync(), { plugin: 'p', ordered }, submitTo(process)));
      await turn();
      for (const index of [2, 0, 1]) {
        finishers[index]!();
        await turn();
      }
      finishers.length = 0;
      expect((await results).map((one) => (one.ok ? one.output : ''))).to.deep.equal(expected);
    }
  });

  it('survives a source whose next() throws at once, and one that is rejected with nothing', async () => {
    let calls = 0;
    const source = (fail: () => Promise<never>): AsyncIterable<BatchRequest> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => (calls++ % 2 === 0 ? Promise.resolve({ done: false, value: { input: 'x' } }) : fail()),
      }),
    });
    const process = async () => ({ output: '', success: true });
    const failure = new Error('at once');
    const run = (fail: () => Promise<never>) =>
      all(runBatch(source(fail), { plugin: 'p' }, submitTo(process))).then(
        () => 'done',
        (error: unknown) => error,
      );
    expect(
      await run(() => {
        throw failure;
      }),
    ).to.equal(failure);
    expect(await run(() => Promise.reject(undefined))).to.equal(undefined);
  });

  it('passes errors on as they are', async () => {
    const failure = new PluginError('ERR_TRAP', 'a trap');
    const [result] = await all(
      runBatch(
        [{ input: '' }],
        { plugin: 'p' },
        submitTo(() => Promise.reject(failure)),
      ),
    );
    expect(result).to.deep.equal({ index: 0, id: undefined, ok: false, error: failure, attempts: 1 });
  });
});
