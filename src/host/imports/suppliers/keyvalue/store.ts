/**
 * The most that one bucket holds.
 *
 * @example
 * const bounds: BucketBounds = { maxKeys: 1_000, maxBytes: 1_048_576 };
 * await memoryStore().set('shop/default', 'visits', new Uint8Array(1), bounds);
 */
export interface BucketBounds {
  readonly maxKeys: number;
  /** Of keys in UTF-8 and values together. */
  readonly maxBytes: number;
}

/**
 * Where in the keys of a bucket, in their order, a page of them begins.
 *
 * @example
 * const page: KeyPage = { after: 'visits', limit: 100 };
 * console.log(await memoryStore().keys('shop/default', page));
 */
export interface KeyPage {
  /** Behind this key. @default from the first */
  readonly after?: string | undefined;
  /** So many are left out. @default 0 */
  readonly skip?: number;
  readonly limit: number;
}

/**
 * What `suppliers.keyValue` keeps entries in: at once, or by a promise, since a store may be on another machine. Each method is atomic, also among several processes that share a store.
 *
 * @example
 * const store: KeyValueStore = memoryStore();
 * await engine.loadPlugin('shop', 'shop.wasm', { world: 'any', imports: suppliers.keyValue(store) });
 * console.log(await store.get('shop/default', 'visits'));
 */
export interface KeyValueStore {
  /** @param bucket The name of the plugin and that of its bucket, `shop/default`. */
  get(bucket: string, key: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** @throws {StoreRefusal} for what does not fit into the bounds. */
  set(bucket: string, key: string, value: Uint8Array, bounds: BucketBounds): void | Promise<void>;
  delete(bucket: string, key: string): void | Promise<void>;
  /** Keys in an order that does not change. */
  keys(bucket: string, page: KeyPage): readonly string[] | Promise<readonly string[]>;
  /** Adds to the number that a value is in decimal digits; one that is missing is 0. @throws {StoreRefusal} */
  increment(bucket: string, key: string, delta: bigint, bounds: BucketBounds): bigint | Promise<bigint>;
  /**
   * Sets a value if the one before it is what is expected; undefined for none.
   *
   * @returns Whether it was.
   * @throws {StoreRefusal}
   */
  swap(
    bucket: string,
    key: string,
    expected: Uint8Array | undefined,
    value: Uint8Array,
    bounds: BucketBounds,
  ): boolean | Promise<boolean>;
}

/**
 * What a store does not do for a plugin, which is told so: `error.other` of `wasi:keyvalue`. Any other error of a store is
 * the host's, and ends the request.
 *
 * @example
 * const memory = memoryStore();
 * const store: KeyValueStore = {
 *   ...memory,
 *   delete() {
 *     throw new StoreRefusal('nothing is deleted here');
 *   },
 * };
 */
export class StoreRefusal extends Error {
  override readonly name: string = 'StoreRefusal';
}

/** What an entry counts. */
export function entryBytes(key: string, value: Uint8Array): number {
  return Buffer.byteLength(key) + value.length;
}

/** @throws {StoreRefusal} if a bucket would have more than its bounds. */
export function assertRoom(keys: number, bytes: number, { maxKeys, maxBytes }: BucketBounds): void {
  if (keys > maxKeys) throw new StoreRefusal(`the bucket is full: it has ${maxKeys} keys at the most`);
  if (bytes > maxBytes) throw new StoreRefusal(`the bucket is full: it has ${maxBytes} bytes at the most`);
}

const MOST = 2n ** 63n - 1n;

/** The number that a value is. @throws {StoreRefusal} */
export function numberOf(value: Uint8Array | undefined): bigint {
  if (value === undefined) return 0n;
  const text = Buffer.from(value).toString('latin1');
  if (!/^-?\d{1,19}$/.test(text)) throw notNumber();
  return BigInt(text);
}

/** @throws {StoreRefusal} for a sum that 64 bits do not hold. */
export function sumOf(number: bigint, delta: bigint): bigint {
  const sum = number + delta;
  if (sum > MOST || sum < -MOST - 1n) throw overflow();
  return sum;
}

export function notNumber(): StoreRefusal {
  return new StoreRefusal('the value is no number in decimal digits');
}

export function overflow(): StoreRefusal {
  return new StoreRefusal('the number is too large');
}
