import { expect } from 'chai';
import { type KeyValueStore, memoryStore, type PluginEngine, StoreRefusal, suppliers } from '../../src/index.ts';
import { firstDraft, secondDraft } from '../fixtures/key-value.ts';
import { closeEngines, createEngine, ISOLATION } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

type Step = readonly [step: string, ...args: readonly unknown[]];

describe('wasi:keyvalue', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(async function () {
    // Neither jco's glue nor a process of its own has functions of the main thread.
    if (process.env.TEST_BINDING === 'glue' || ISOLATION !== 'none') this.skip();
    await Promise.all([firstDraft(), secondDraft()]);
  });
  beforeEach(async () => {
    engine = await createEngine({ threads: 2 });
  });
  afterEach(closeEngines);

  const load = async (
    name: string,
    store: KeyValueStore,
    { draft = secondDraft, ...options }: Parameters<typeof suppliers.keyValue>[1] & { draft?: typeof firstDraft } = {},
  ): Promise<void> => {
    await engine.loadPlugin(name, await draft(), { world: 'any', imports: suppliers.keyValue(store, options) });
  };
  const run = async (name: string, ...steps: Step[]): Promise<unknown[]> =>
    JSON.parse((await engine.call(name, 'run', [JSON.stringify([['open', ''], ...steps])])) as string).slice(1);

  it('is there for nobody who has not granted it, and the error says how', async () => {
    const error = await rejection(engine.loadPlugin('shop', await secondDraft(), { world: 'any' }));
    expect(error.code).to.equal('ERR_UNKNOWN_IMPORT');
    expect(error.hint).to.include('`imports: suppliers.keyValue(memoryStore())`');
  });

  for (const [version, draft] of [
    ['0.2.0-draft', firstDraft],
    ['0.2.0-draft2', secondDraft],
  ] as const) {
    it(`keeps what a plugin puts there, by the types of ${version}`, async () => {
      await load('shop', memoryStore(), { draft });
      const answers = await run(
        'shop',
        ['get', 'a'],
        ['set', 'a', 'one'],
        ['get', 'a'],
        ['exists', 'a'],
        ['increment', 'n', 41],
        ['increment', 'n', 1],
        [
          'setMany',
          [
            ['b', 'two'],
            ['c', 'three'],
          ],
        ],
        ['getMany', ['c', 'x', 'a']],
        ['deleteMany', ['b', 'x']],
        ['delete', 'a'],
        ['exists', 'a'],
        ['many', 600],
        ['list'],
      );
      expect(answers).to.deep.equal([
        null,
        null,
        'one',
        true,
        '41',
        '42',
        null,
        [['c', 'three'], null, ['a', 'one']],
        null,
        null,
        false,
        null,
        { keys: 602, first: 'c', distinct: 602 },
      ]);
    });
  }

  it('swaps a value that nobody changed in between, and gives the other one else', async () => {
    await load('shop', memoryStore());
    expect(
      await run('shop', ['swap', 'k', null, '1'], ['swap', 'k', null, '2'], ['swap', 'k', '3', '4'], ['get', 'k']),
    ).to.deep.equal([{ before: null }, { before: '1' }, { before: '2', tag: 'cas-failed', now: '3' }, '3']);
  });

  it('is shared by all threads of a plugin, and by no two plugins', async () => {
    const store = memoryStore();
    await load('shop', store);
    await load('shop/default', store);
    await Promise.all(Array.from({ length: 20 }, () => run('shop', ['increment', 'n', 1])));
    expect(await run('shop', ['get', 'n'])).to.deep.equal(['20']);
    expect(await run('shop/default', ['get', 'n'])).to.deep.equal([null]);
  });

  it('tells a plugin what is out of bounds', async () => {
    await load('shop', memoryStore(), {
      buckets: ['carts'],
      maxKeyBytes: 4,
      maxValueBytes: 10,
      maxKeys: 2,
      maxBytes: 20,
    });
    const other = (val: string): object => ({ err: { tag: 'other', val } });
    const full = 'the bucket is full: it has 2 keys at the most';
    expect(
      await run(
        'shop',
        ['open', 'default'],
        ['open', 'carts'],
        ['set', 'keys!', 'v'],
        ['set', '', 'v'],
        ['fill', 'k', 11],
        ['fill', 'k', 10],
        ['set', 'l', '12345678'],
        ['fill', 'l', 9],
        ['set', 'm', ''],
        ['swap', 'm', null, ''],
        ['increment', 'm', 1],
      ),
    ).to.deep.equal([
      { err: { tag: 'no-such-store' } },
      null,
      other('a key has 4 bytes at the most'),
      other('a key is empty'),
      other('a value has 10 bytes at the most'),
      null,
      null,
      other('the bucket is full: it has 20 bytes at the most'),
      other(full),
      { before: null, tag: 'store-error', now: { tag: 'other', val: full } },
      other(full),
    ]);
  });

  it('reads a key once however often a call names it', async () => {
    const memory = memoryStore();
    let reads = 0;
    const counting: KeyValueStore = {
      ...memory,
      get(bucket, key) {
        reads++;
        return memory.get(bucket, key);
      },
    };
    await load('shop', counting);
    expect(await run('shop', ['set', 'a', 'one'], ['getMany', ['a', 'x', 'a', 'a', 'x']])).to.deep.equal([
      null,
      [['a', 'one'], null, ['a', 'one'], ['a', 'one'], null],
    ]);
    expect(reads).to.equal(2);
  });

  it('tells a plugin what a store refuses, and nobody but the host what it fails of', async () => {
    const failing = (error: Error): KeyValueStore => ({ ...memoryStore(), get: () => Promise.reject(error) });
    await load('refused', failing(new StoreRefusal('closed on Sundays')));
    expect(await run('refused', ['get', 'a'])).to.deep.equal([{ err: { tag: 'other', val: 'closed on Sundays' } }]);
    await load('failed', failing(new Error('redis://secret is down')));
    const error = await rejection(run('failed', ['get', 'a']));
    expect(error.code).to.equal('ERR_HOST_FUNCTION');
    expect(error.message).to.not.include('secret');
    expect(String(error.cause)).to.include('redis://secret is down');
  });

  it('refuses options that are none', () => {
    for (const options of [{ buckets: [] }, { maxKeys: 0 }, { maxBytes: 1.5 }, { size: 1 }] as object[]) {
      expect(() => suppliers.keyValue(memoryStore(), options)).to.throw(/options/);
    }
  });
});
