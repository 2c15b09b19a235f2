import { WitError } from '../../../wit-error.ts';
import type { ImportingInstance } from '../../supplied-modules.ts';
import type { OpenBucket } from './bucket.ts';

/** `wasi:keyvalue/atomics@0.2.0-draft2`: numbers with a sign, and compare-and-swap. */
export default ({ ask }: ImportingInstance): object => {
  class Cas {
    readonly bucket: OpenBucket;
    readonly key: string;
    readonly #current: unknown;

    constructor(bucket: OpenBucket, key: string) {
      this.bucket = bucket;
      this.key = key;
      this.#current = ask('get', bucket.name, key);
    }

    static new({ name }: OpenBucket, key: string): Cas {
      // Not the handle of the caller's, which it only lends.
      return new Cas({ name }, key);
    }

    /** The value that the swap expects. */
    current(): unknown {
      return this.#current;
    }
  }
  return {
    Cas,
    increment: ({ name }: OpenBucket, key: string, delta: bigint) => ask('increment', name, key, delta),
    swap(cas: Cas, value: Uint8Array): void {
      const { bucket, key } = cas;
      if (asCasError(() => ask('swap', bucket.name, key, cas.current(), value))) return;
      throw new WitError({ tag: 'cas-failed', val: asCasError(() => new Cas(bucket, key)) });
    },
  };
};

function asCasError<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof WitError ? new WitError({ tag: 'store-error', val: error.payload }) : error;
  }
}
