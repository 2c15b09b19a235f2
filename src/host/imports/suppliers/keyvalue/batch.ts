import type { ImportingInstance } from '../../supplied-modules.ts';
import type { OpenBucket } from './bucket.ts';

/** `wasi:keyvalue/batch`, which both drafts have alike. */
export default ({ ask }: ImportingInstance): object => ({
  getMany({ name }: OpenBucket, keys: readonly string[]): (readonly [string, unknown] | undefined)[] {
    const values = ask('getMany', name, keys) as readonly unknown[];
    return keys.map((key, place) => (values[place] === undefined ? undefined : [key, values[place]]));
  },
  setMany({ name }: OpenBucket, entries: readonly (readonly [string, Uint8Array])[]): void {
    ask('setMany', name, entries);
  },
  deleteMany({ name }: OpenBucket, keys: readonly string[]): void {
    ask('deleteMany', name, keys);
  },
});
