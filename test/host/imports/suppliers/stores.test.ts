import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { BucketBounds, KeyValueStore } from '../../../../src/host/imports/suppliers/keyvalue/store.ts';
import { memoryStore, redisStore, StoreRefusal, sqliteStore } from '../../../../src/index.ts';
import { findServer, RedisServer } from '../../../distributed/redis-server.ts';

const BOUNDS: BucketBounds = { maxKeys: 5, maxBytes: 200 };
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** What every store does, whatever it is made of. */
function describeStore(make: () => Promise<KeyValueStore>): void {
  let store: KeyValueStore;
  const get = async (bucket: string, key: string): Promise<string | undefined> => {
    const value = await store.get(bucket, key);
    return value && Buffer.from(value).toString();
  };
  const refusal = async (run: () => unknown): Promise<string> => {
    try {
      await run();
    } catch (error) {
      if (error instanceof StoreRefusal) return error.message;
      throw error;
    }
    return 'done';
  };
  const fill = async (bucket: string, ...keys: string[]): Promise<void> => {
    for (const key of keys) await store.set(bucket, key, bytes('v'), BOUNDS);
  };

  beforeEach(async () => {
    store = await make();
  });

  it('keeps values until they are deleted, in buckets of their own', async () => {
    await store.set('a', 'key', bytes('one'), BOUNDS);
    await store.set('b', 'key', bytes('two'), BOUNDS);
    await store.set('a', 'key', bytes('\0three'), BOUNDS);
    expect([await get('a', 'key'), await get('b', 'key'), await get('c', 'key')]).to.deep.equal([
      '\0three',
      'two',
      undefined,
    ]);
    await store.delete('a', 'key');
    await store.delete('a', 'key');
    expect([await get('a', 'key'), await get('b', 'key')]).to.deep.equal([undefined, 'two']);
  });

  it('lists keys by pages, each of them once', async () => {
    await fill('a', 'c', 'a', 'é', 'b');
    await fill('b', 'z');
    expect(await store.keys('a', { limit: 3 })).to.deep.equal(['a', 'b', 'c']);
    expect(await store.keys('a', { after: 'c', limit: 3 })).to.deep.equal(['é']);
    expect(await store.keys('a', { skip: 2, limit: 3 })).to.deep.equal(['c', 'é']);
    expect(await store.keys('c', { limit: 3 })).to.deep.equal([]);
    await store.delete('a', 'b');
    await store.set('a', 'c', bytes('again'), BOUNDS);
    expect(await store.keys('a', { after: 'b', limit: 3 })).to.deep.equal(['c', 'é']);
    expect(await store.keys('a', { limit: 3 })).to.deep.equal(['a', 'c', 'é']);
  });

  it('refuses what does not fit, and counts what is deleted as gone', async () => {
    await fill('a', '1', '2', '3', '4', '5');
    expect(await refusal(() => fill('a', '6'))).to.equal('the bucket is full: it has 5 keys at the most');
    await fill('a', '5');
    await store.delete('a', '5');
    await fill('a', '6');
    const large = bytes('x'.repeat(191));
    expect(await refusal(() => store.set('a', '6', bytes('x'.repeat(192)), BOUNDS))).to.equal(
      'the bucket is full: it has 200 bytes at the most',
    );
    await store.set('a', '6', large, BOUNDS);
    expect((await get('a', '6'))?.length).to.equal(191);
    await store.delete('a', '6');
    await store.set('a', '6', large, BOUNDS);
  });

  it('adds to numbers of 64 bits', async () => {
    expect(await store.increment('a', 'n', 5n, BOUNDS)).to.equal(5n);
    expect(await store.increment('a', 'n', -7n, BOUNDS)).to.equal(-2n);
    expect(await get('a', 'n')).to.equal('-2');
    await store.set('a', 'n', bytes(String(2n ** 63n - 2n)), BOUNDS);
    expect(await store.increment('a', 'n', 1n, BOUNDS)).to.equal(2n ** 63n - 1n);
    expect(await refusal(() => store.increment('a', 'n', 1n, BOUNDS))).to.equal('the number is too large');
    await store.set('a', 'n', bytes('5 apples'), BOUNDS);
    expect(await refusal(() => store.increment('a', 'n', 1n, BOUNDS))).to.match(/^the value is no number/);
    expect(await get('a', 'n')).to.equal('5 apples');
    await fill('b', '1', '2', '3', '4', '5');
    expect(await refusal(() => store.increment('b', 'n', 1n, BOUNDS))).to.match(/^the bucket is full/);
  });

  it('loses no number that is added while others are', async () => {
    await Promise.all(Array.from({ length: 50 }, async () => store.increment('a', 'n', 1n, BOUNDS)));
    expect(await get('a', 'n')).to.equal('50');
  });

  it('swaps a value for another one, if it is what is expected', async () => {
    const swap = async (expected: string | undefined, value: string): Promise<boolean> =>
      store.swap('a', 'k', expected === undefined ? undefined : bytes(expected), bytes(value), BOUNDS);
    expect(await swap('x', '1')).to.equal(false);
    expect(await swap(undefined, '1')).to.equal(true);
    expect(await swap(undefined, '2')).to.equal(false);
    expect(await swap('', '2')).to.equal(false);
    expect(await swap('1', '2')).to.equal(true);
    expect(await get('a', 'k')).to.equal('2');
    expect(await refusal(() => swap('2', 'x'.repeat(300)))).to.match(/^the bucket is full/);
    expect(await get('a', 'k')).to.equal('2');
  });
}

describe('a store in memory', () => describeStore(async () => memoryStore()));

describe('a store in SQLite', () => {
  const open: Disposable[] = [];
  const opened = (path: string): KeyValueStore => {
    const store = sqliteStore(path);
    open.push(store);
    return store;
  };
  afterEach(() => {
    for (const store of open.splice(0)) store[Symbol.dispose]();
  });
  describeStore(async () => opened(':memory:'));

  it('has what it had when its file is opened again, also by two at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-sqlite-'));
    try {
      const [one, two] = [opened(join(folder, 'store')), opened(join(folder, 'store'))];
      await one.increment('a', 'n', 1n, BOUNDS);
      await two.increment('a', 'n', 1n, BOUNDS);
      expect(Buffer.from((await one.get('a', 'n'))!).toString()).to.equal('2');
    } finally {
      for (const store of open.splice(0)) store[Symbol.dispose]();
      await rm(folder, { recursive: true });
    }
  });

  it('says which file it cannot open', () => {
    expect(() => sqliteStore('/no/such/folder/store')).to.throw('The store /no/such/folder/store cannot be opened');
  });
});

const server = findServer();
if (server === undefined) console.warn('The tests of a store in Redis DID NOT RUN: there is no server on the PATH.');
else {
  describe('a store in Redis', function () {
    this.timeout(30_000);
    const redis = new RedisServer(server);
    let client: Redis;
    let stores = 0;
    before(async () => {
      await redis.start();
      client = new Redis(redis.url);
    });
    after(async () => {
      client.disconnect();
      await redis.stop();
    });
    describeStore(async () => redisStore(client, `test-${++stores}`));
  });
}
