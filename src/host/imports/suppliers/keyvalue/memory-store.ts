import { assertRoom, type BucketBounds, entryBytes, type KeyValueStore, numberOf, sumOf } from './store.ts';

interface Bucket {
  readonly values: Map<string, Uint8Array>;
  /** Those of the values, in their order: a plugin may ask for pages of them as often as it likes. */
  readonly keys: string[];
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
  const at = (name: string): Bucket => buckets.get(name) ?? { values: new Map(), keys: [], bytes: 0 };
  const put = (name: string, key: string, value: Uint8Array, bounds: BucketBounds): void => {
    const bucket = at(name);
    const { values, keys } = bucket;
    const before = values.get(key);
    const bytes = bucket.bytes + entryBytes(key, value) - (before === undefined ? 0 : entryBytes(key, before));
    assertRoom(values.size + (before === undefined ? 1 : 0), bytes, bounds);
    if (before === undefined) keys.splice(placeOf(keys, key), 0, key);
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
      bucket.keys.splice(placeOf(bucket.keys, key), 1);
      bucket.bytes -= entryBytes(key, value);
      if (bucket.values.size === 0) buckets.delete(name);
    },
    keys(name, { after, skip = 0, limit }) {
      const { values, keys } = at(name);
      const begin = after === undefined ? 0 : placeOf(keys, after) + (values.has(after) ? 1 : 0);
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

/** Where a key stands among sorted ones, or would. */
function placeOf(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
