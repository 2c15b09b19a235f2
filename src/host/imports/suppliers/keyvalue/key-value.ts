import { invalidArgument, knownKeys, wholeNumber } from '../../../../arguments/arguments.ts';
import { codeFile } from '../../../../package/root.ts';
import { WitError } from '../../../wit-error.ts';
import { BackedModule } from '../../backed-module.ts';
import type { HostCallContext, MainThreadFunctions } from '../../main-thread.ts';
import { type BucketBounds, type KeyValueStore, StoreRefusal } from './store.ts';

/**
 * What a plugin may keep in a store. A plugin that is at a bound is told so, as `error.other`.
 *
 * @example
 * const options: KeyValueOptions = { buckets: ['carts', 'prices'], maxKeys: 1_000 };
 * const imports = suppliers.keyValue(memoryStore(), options);
 */
export interface KeyValueOptions {
  /** The buckets that a plugin may open; the empty name stands for the first. @default ['default'] */
  readonly buckets?: readonly string[];
  /** Bytes of a key in UTF-8. @default 1024 */
  readonly maxKeyBytes?: number;
  /** Bytes of a value. @default 1_048_576 */
  readonly maxValueBytes?: number;
  /** Keys in a bucket. @default 10_000 */
  readonly maxKeys?: number;
  /** Bytes of keys and values in a bucket. @default 16_777_216 */
  readonly maxBytes?: number;
}

/** Keys in an answer of `list-keys`. */
const PAGE_KEYS = 256;
/** Keys in a call of `wasi:keyvalue/batch`. */
const MAX_BATCH_KEYS = 1_000;

/**
 * `wasi:keyvalue` on a store, in both its drafts. Each plugin has buckets of its own, which no other one sees.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for options that are none.
 */
export function keyValue(store: KeyValueStore, options: KeyValueOptions = {}): Readonly<Record<string, BackedModule>> {
  const functions = functionsOf(store, options);
  const backed = (module: URL): BackedModule => new BackedModule(module, functions);
  return {
    'wasi:keyvalue/store@0.2.0-draft': backed(codeFile('src/host/imports/suppliers/keyvalue/store-draft')),
    'wasi:keyvalue/store@0.2.0-draft2': backed(codeFile('src/host/imports/suppliers/keyvalue/store-draft2')),
    'wasi:keyvalue/atomics@0.2.0-draft': backed(codeFile('src/host/imports/suppliers/keyvalue/atomics-draft')),
    'wasi:keyvalue/atomics@0.2.0-draft2': backed(codeFile('src/host/imports/suppliers/keyvalue/atomics-draft2')),
    'wasi:keyvalue/batch@0.2.0-draft': backed(codeFile('src/host/imports/suppliers/keyvalue/batch')),
    'wasi:keyvalue/batch@0.2.0-draft2': backed(codeFile('src/host/imports/suppliers/keyvalue/batch')),
  };
}

type Entry = [key: string, value: Uint8Array];

/** What the modules ask for. The first argument is the name of a bucket, by which the plugin opened it. */
function functionsOf(store: KeyValueStore, options: KeyValueOptions): MainThreadFunctions {
  const { buckets, maxKeyBytes, maxValueBytes, bounds } = resolve(options);
  /** The bucket of a plugin: neither name has a slash then. */
  const spaceOf = (bucket: string, { plugin }: HostCallContext): string =>
    `${encodeURIComponent(plugin)}/${encodeURIComponent(bucket)}`;
  const checkKey = (key: string): void => {
    if (key === '') throw other('a key is empty');
    if (Buffer.byteLength(key) > maxKeyBytes) throw other(`a key has ${maxKeyBytes} bytes at the most`);
  };
  const checkValue = (value: Uint8Array): void => {
    if (value.length > maxValueBytes) throw other(`a value has ${maxValueBytes} bytes at the most`);
  };
  const checkCount = (keys: readonly unknown[]): void => {
    if (keys.length > MAX_BATCH_KEYS) throw other(`a call has ${MAX_BATCH_KEYS} keys at the most`);
  };
  return {
    open(identifier: string): string {
      const bucket = identifier === '' ? buckets[0]! : identifier;
      if (!buckets.includes(bucket)) throw new WitError({ tag: 'no-such-store' });
      return bucket;
    },
    get(bucket: string, key: string, context: HostCallContext): unknown {
      checkKey(key);
      return told(() => store.get(spaceOf(bucket, context), key));
    },
    set(bucket: string, key: string, value: Uint8Array, context: HostCallContext): unknown {
      checkKey(key);
      checkValue(value);
      return told(() => store.set(spaceOf(bucket, context), key, value, bounds));
    },
    delete(bucket: string, key: string, context: HostCallContext): unknown {
      checkKey(key);
      return told(() => store.delete(spaceOf(bucket, context), key));
    },
    keys: (bucket: string, after: string | undefined, skip: number, context: HostCallContext): unknown =>
      told(() => store.keys(spaceOf(bucket, context), { after, skip, limit: PAGE_KEYS })),
    increment(bucket: string, key: string, delta: bigint, context: HostCallContext): unknown {
      checkKey(key);
      return told(() => store.increment(spaceOf(bucket, context), key, delta, bounds));
    },
    swap(
      bucket: string,
      key: string,
      expected: Uint8Array | undefined,
      value: Uint8Array,
      context: HostCallContext,
    ): unknown {
      checkKey(key);
      checkValue(value);
      return told(() => store.swap(spaceOf(bucket, context), key, expected, value, bounds));
    },
    getMany(bucket: string, keys: readonly string[], context: HostCallContext): unknown {
      checkCount(keys);
      keys.forEach(checkKey);
      // Each key once: a thousand times the largest value would be read before anybody counts the bytes of the answer.
      const values = new Map<string, ReturnType<KeyValueStore['get']>>();
      return each(keys, (key) => {
        if (!values.has(key)) values.set(key, store.get(spaceOf(bucket, context), key));
        return values.get(key);
      });
    },
    setMany(bucket: string, entries: readonly Entry[], context: HostCallContext): unknown {
      checkCount(entries);
      for (const [key, value] of entries) {
        checkKey(key);
        checkValue(value);
      }
      return each(entries, ([key, value]) => store.set(spaceOf(bucket, context), key, value, bounds));
    },
    deleteMany(bucket: string, keys: readonly string[], context: HostCallContext): unknown {
      checkCount(keys);
      keys.forEach(checkKey);
      return each(keys, (key) => store.delete(spaceOf(bucket, context), key));
    },
  };
}

interface Resolved extends Required<Pick<KeyValueOptions, 'buckets' | 'maxKeyBytes' | 'maxValueBytes'>> {
  readonly bounds: BucketBounds;
}

const KEYS = ['buckets', 'maxKeyBytes', 'maxValueBytes', 'maxKeys', 'maxBytes'] satisfies (keyof KeyValueOptions)[];

function resolve(options: KeyValueOptions): Resolved {
  knownKeys('options', options, KEYS);
  const { buckets = ['default'] } = options;
  if (!Array.isArray(buckets) || buckets.length === 0 || !buckets.every((name) => typeof name === 'string')) {
    throw invalidArgument('options.buckets', 'an array of one name at least', buckets);
  }
  const most = (key: Exclude<keyof KeyValueOptions, 'buckets'>, fallback: number): number =>
    wholeNumber(`options.${key}`, options[key], { min: 1, max: 2 ** 31, default: fallback });
  return {
    buckets: [...buckets],
    maxKeyBytes: most('maxKeyBytes', 1024),
    maxValueBytes: most('maxValueBytes', 1024 * 1024),
    bounds: { maxKeys: most('maxKeys', 10_000), maxBytes: most('maxBytes', 16 * 1024 * 1024) },
  };
}

function other(val: string): WitError<{ tag: 'other'; val: string }> {
  return new WitError({ tag: 'other', val });
}

/** Tells the plugin of a refusal. A store that answers at once is not waited for, so that a plugin on this thread can use it. */
function told<T>(run: () => T | Promise<T>): T | Promise<T> {
  const refused = (error: unknown): never => {
    throw error instanceof StoreRefusal ? other(error.message) : error;
  };
  try {
    const answer = run();
    return answer instanceof Promise ? answer.catch(refused) : answer;
  } catch (error) {
    return refused(error);
  }
}

function each<Item, T>(
  items: readonly Item[],
  run: (item: Item) => T | Promise<T>,
): readonly (T | undefined)[] | Promise<readonly T[]> {
  const answers = items.map((item) => told(() => run(item)));
  return answers.some((answer) => answer instanceof Promise)
    ? (Promise.all(answers) as Promise<readonly T[]>)
    : (answers as T[]);
}
