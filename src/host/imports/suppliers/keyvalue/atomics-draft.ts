import { WitError } from '../../../wit-error.ts';
import type { ImportingInstance } from '../../supplied-modules.ts';
import type { OpenBucket } from './bucket.ts';

/** A store has numbers of 64 bits with a sign. */
const MOST = 2n ** 63n - 1n;

/** `wasi:keyvalue/atomics@0.2.0-draft`, whose numbers have no sign. */
export default ({ ask }: ImportingInstance): object => ({
  increment({ name }: OpenBucket, key: string, delta: bigint): bigint {
    if (delta > MOST) throw new WitError({ tag: 'other', val: 'the number is too large' });
    const sum = ask('increment', name, key, delta) as bigint;
    if (sum < 0n) throw new WitError({ tag: 'other', val: 'the value is a number below zero' });
    return sum;
  },
});
