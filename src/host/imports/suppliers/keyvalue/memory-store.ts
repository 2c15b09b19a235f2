import { assertRoom, type BucketBounds, entryBytes, type KeyValueStore, numberOf, sumOf } from './store.ts';

interface Bucket {
  readonly values: Map<string, Uint8Array>;
  bytes: number;
}

/**
 * A store in the memory of this process: of what it has, nothing is left when the process ends.
 *
 * @example
 * const imports = suppliers.keyValue(memoryStore());
 * await engine.loadPlugin('shop', 'shop.wasm', { world: 'any', imports });
 */
export function memoryStore(): KeyValueStore {
  const buckets = new Map<string, Bucket>();
  const at = (name: string): Bucket => buckets.get(name) ?? { values: new Map(), bytes: 0 };
  const put = (name: string, key: string, value: Uint8Array, bounds: BucketBounds): void => {
    const bucket = at(name);
    const { values } = bucket;
    const before = values.get(key);
    const bytes = bucket.bytes + entryBytes(key, value) - (before === undefined ? 0 : entryBytes(key, before));
    assertRoom(values.size + (before === undefined ? 1 : 0), bytes, bounds);
    values.set(key, Uint8Array.from(value));
    bucket.bytes = bytes;
    buckets.set(name, bucket);
  };
  return {
    get: (name, key) => at(name).values.get(key),
    set: put,
    delete(name, key) {
      const bucket = at(name);
      const value = bucket.values.get(key);
      if (value === undefined) return;
      bucket.values.delete(key);
      bucket.bytes -= entryBytes(key, value);
      if (bucket.values.size === 0) buckets.delete(name);
    },
    keys(name, { after, skip = 0, limit }) {
      const keys = [...at(name).values.keys()].sort();
      const begin = after === undefined ? 0 : keys.filter((key) => key <= after).length;
      return keys.slice(begin + skip, begin + skip + limit);
    },
    increment(name, key, delta, bounds) {
      const sum = sumOf(numberOf(at(name).values.get(key)), delta);
      put(name, key, Buffer.from(String(sum)), bounds);
      return sum;
    },
    swap(name, key, expected, value, bounds) {
      const before = at(name).values.get(key);
      const isExpected =
        before === undefined || expected === undefined ? before === expected : Buffer.from(before).equals(expected);
      if (isExpected) put(name, key, value, bounds);
      return isExpected;
    },
  };
}
