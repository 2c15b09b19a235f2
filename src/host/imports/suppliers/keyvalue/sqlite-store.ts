import type { DatabaseSync } from 'node:sqlite';
import { describe, PluginError } from '../../../../errors.ts';
import { assertRoom, type BucketBounds, entryBytes, type KeyValueStore, numberOf, sumOf } from './store.ts';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 2000;
  CREATE TABLE IF NOT EXISTS entries (
    bucket TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS buckets (name TEXT NOT NULL PRIMARY KEY, keys INTEGER NOT NULL, bytes INTEGER NOT NULL);`;

/**
 * A store in a file of SQLite, by the `node:sqlite` of Node. Several processes may share the file. Every call is made on the
 * main thread and holds it for as long as SQLite takes: some 10 µs to read, and what the disk takes to write.
 *
 * @param path Of the file, which is made if it is missing; `:memory:` for none.
 * @throws {PluginError} `ERR_UNSUPPORTED_ENVIRONMENT` where Node has no `node:sqlite`, `ERR_INVALID_ARGUMENT` for a file that
 * cannot be opened.
 * @example
 * const store = sqliteStore('plugins.sqlite');
 * await engine.loadPlugin('shop', 'shop.wasm', { world: 'any', imports: suppliers.keyValue(store) });
 * await engine.close();
 * store[Symbol.dispose]();
 */
export function sqliteStore(path: string): KeyValueStore & Disposable {
  const database = open(path);
  const get = database.prepare('SELECT value FROM entries WHERE bucket = ? AND key = ?');
  const put = database.prepare(
    'INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value',
  );
  const remove = database.prepare('DELETE FROM entries WHERE bucket = ? AND key = ?');
  const page = database.prepare('SELECT key FROM entries WHERE bucket = ? AND key > ? ORDER BY key LIMIT ? OFFSET ?');
  const use = database.prepare('SELECT keys, bytes FROM buckets WHERE name = ?');
  const count = database.prepare(
    'INSERT INTO buckets VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET keys = excluded.keys, bytes = excluded.bytes',
  );

  const find = (bucket: string, key: string): Uint8Array | undefined =>
    get.get(bucket, key)?.value as Uint8Array | undefined;
  const recount = (bucket: string, keys: number, bytes: number, bounds?: BucketBounds): void => {
    const used = use.get(bucket) ?? { keys: 0, bytes: 0 };
    const [allKeys, allBytes] = [Number(used.keys) + keys, Number(used.bytes) + bytes];
    if (bounds !== undefined) assertRoom(allKeys, allBytes, bounds);
    count.run(bucket, allKeys, allBytes);
  };
  const write = (bucket: string, key: string, value: Uint8Array, bounds: BucketBounds): void => {
    const before = find(bucket, key);
    const bytes = entryBytes(key, value) - (before === undefined ? 0 : entryBytes(key, before));
    recount(bucket, before === undefined ? 1 : 0, bytes, bounds);
    put.run(bucket, key, value);
  };
  return {
    get: find,
    set: (bucket, key, value, bounds) => atomically(database, () => write(bucket, key, value, bounds)),
    delete: (bucket, key) =>
      atomically(database, () => {
        const before = find(bucket, key);
        if (before === undefined) return;
        remove.run(bucket, key);
        recount(bucket, -1, -entryBytes(key, before));
      }),
    // No key is empty, so that all of them come behind the empty one.
    keys: (bucket, { after = '', skip = 0, limit }) =>
      page.all(bucket, after, limit, skip).map((row) => String(row.key)),
    increment: (bucket, key, delta, bounds) =>
      atomically(database, () => {
        const sum = sumOf(numberOf(find(bucket, key)), delta);
        write(bucket, key, Buffer.from(String(sum)), bounds);
        return sum;
      }),
    swap: (bucket, key, expected, value, bounds) =>
      atomically(database, () => {
        const before = find(bucket, key);
        const isExpected =
          before === undefined || expected === undefined ? before === expected : Buffer.from(before).equals(expected);
        if (isExpected) write(bucket, key, value, bounds);
        return isExpected;
      }),
    [Symbol.dispose]: () => database.close(),
  };
}

function open(path: string): DatabaseSync {
  const { DatabaseSync } = sqlite();
  try {
    const database = new DatabaseSync(path);
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `The store ${path} cannot be opened: ${describe(error)}`, {
      hint: 'Give the path of a SQLite file that this process may write, in a folder that exists.',
      cause: error,
    });
  }
}

/** Not imported: a Node that was built without it could not load the rest either. */
function sqlite(): typeof import('node:sqlite') {
  const found = process.getBuiltinModule('node:sqlite');
  if (found !== undefined) return found;
  throw new PluginError('ERR_UNSUPPORTED_ENVIRONMENT', 'This Node has no node:sqlite', {
    hint: 'Use a Node that was built with it, or another store.',
  });
}

function atomically<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
