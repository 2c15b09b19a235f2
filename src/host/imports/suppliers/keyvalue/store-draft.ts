import type { ImportingInstance } from '../../supplied-modules.ts';
import { storeInterface } from './bucket.ts';

/** `wasi:keyvalue/store@0.2.0-draft`, whose cursor is a number: of the keys that were listed before. */
export default (instance: ImportingInstance): object =>
  storeInterface<bigint>(instance, {
    begin: (cursor = 0n) => [undefined, Number(cursor < MOST ? cursor : MOST)],
    next: (cursor = 0n, keys) => (keys.length === 0 ? undefined : cursor + BigInt(keys.length)),
  });

/** No bucket has as many keys. */
const MOST = 2n ** 31n;
