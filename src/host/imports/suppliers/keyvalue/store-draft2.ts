import type { ImportingInstance } from '../../supplied-modules.ts';
import { storeInterface } from './bucket.ts';

/** `wasi:keyvalue/store@0.2.0-draft2`, whose cursor is a text: the last key that was listed. */
export default (instance: ImportingInstance): object =>
  storeInterface<string>(instance, {
    begin: (cursor) => [cursor, 0],
    next: (_cursor, keys) => keys.at(-1),
  });
