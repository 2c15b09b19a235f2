import { WitError } from '../../../src/host/imports/host-module.ts';
import {
  type HostCallContext,
  type KeyValueStore,
  type MainThreadFunctions,
  StoreRefusal,
} from '../../../src/index.ts';

/** The most that one customer's plugin keeps. */
const BOUNDS = { maxKeys: 1_000, maxBytes: 1_048_576 };

/** `acme:shop/store`, for all plugins: each has the entries of its own name. */
export function storeFunctions(store: KeyValueStore): MainThreadFunctions {
  return {
    async get(key: string, { plugin }: HostCallContext): Promise<string | undefined> {
      const value = await store.get(plugin, key);
      return value && Buffer.from(value).toString();
    },
    set: (key: string, value: string, { plugin }: HostCallContext) =>
      refusalsAsErr(() => store.set(plugin, key, Buffer.from(value), BOUNDS)),
    add: (key: string, delta: number, { plugin }: HostCallContext) =>
      refusalsAsErr(async () => Number(await store.increment(plugin, key, BigInt(delta), BOUNDS))),
  };
}

/** A plugin is told what the store refuses it. Anything else that goes wrong is nobody's business but the shop's. */
async function refusalsAsErr<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof StoreRefusal ? new WitError(error.message) : error;
  }
}
