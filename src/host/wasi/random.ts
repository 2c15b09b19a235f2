import { randomFillSync } from 'node:crypto';
import { PluginError } from '../../errors.ts';
import { trap } from '../wit-error.ts';
import type { WasiHost } from './host.ts';

/** Bytes of randomness that one call gives, as with Web Crypto's `getRandomValues`. */
const MAX_RANDOM_BYTES = 65_536;

type Fill = (bytes: Uint8Array) => Uint8Array;

/** Where random bytes come from. */
export interface Source {
  readonly fill: Fill;
  /** @returns what has it go on from where it is now, if it is a sequence. */
  keep(): () => void;
}

function bytes(length: bigint, fill: Fill): Uint8Array {
  if (length > MAX_RANDOM_BYTES) {
    throw trap(
      `The plugin asked for ${length} random bytes in one call; the limit is ${MAX_RANDOM_BYTES}`,
      'Ask for them in smaller pieces.',
    );
  }
  return fill(new Uint8Array(Number(length)));
}

function u64(fill: Fill): bigint {
  const [value] = new BigUint64Array(fill(new Uint8Array(8)).buffer as ArrayBuffer);
  return value!;
}

/** `wasi:random/random`: the system's generator. Its functions have no error, so a policy without `allowRandom` ends the call. */
export function random(host: WasiHost): object {
  const fill: Fill = (target) => {
    if (host.policy.allowRandom) return draw(host, target);
    throw new PluginError('ERR_CAPABILITY_DENIED', 'The plugin asked for random numbers, which its policy denies', {
      hint: 'Set `allowRandom: true` in the policy.',
    });
  };
  return {
    getRandomBytes(length: bigint): Uint8Array {
      host.hostCall();
      return bytes(length, fill);
    },
    getRandomU64(): bigint {
      host.hostCall();
      return u64(fill);
    },
  };
}

/**
 * What `insecure` and `insecure-seed` answer from. The interface demands nothing of these values; real randomness
 * protects hash tables. Without `allowRandom` they are the same for every instance: a Rust guest seeds each
 * `HashMap` with them and could not run if they trapped.
 */
export function insecureSource(host: WasiHost): Source {
  return host.policy.allowRandom ? { fill: (target) => draw(host, target), keep: () => () => {} } : new FixedSequence();
}

function draw(host: WasiHost, target: Uint8Array): Uint8Array {
  host.hasDrawnRandom = true;
  return randomFillSync(target);
}

/** Bytes of the generator splitmix32 from a fixed start. */
class FixedSequence implements Source {
  #state = 0;

  readonly fill: Fill = (target) => {
    for (let index = 0; index < target.length; index++) {
      this.#state = (this.#state + 0x9e3779b9) | 0;
      let mixed = Math.imul(this.#state ^ (this.#state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      target[index] = mixed ^ (mixed >>> 15);
    }
    return target;
  };

  keep(): () => void {
    const state = this.#state;
    return () => {
      this.#state = state;
    };
  }
}

/** `wasi:random/insecure` */
export function insecure(host: WasiHost, { fill }: Source): object {
  return {
    getInsecureRandomBytes(length: bigint): Uint8Array {
      host.hostCall();
      return bytes(length, fill);
    },
    getInsecureRandomU64(): bigint {
      host.hostCall();
      return u64(fill);
    },
  };
}

/** `wasi:random/insecure-seed` */
export function insecureSeed(host: WasiHost, { fill }: Source): object {
  const seed = (): [bigint, bigint] => {
    host.hostCall();
    return [u64(fill), u64(fill)];
  };
  return {
    insecureSeed: seed,
    /** Its name in WASI 0.3. */
    getInsecureSeed: seed,
  };
}
