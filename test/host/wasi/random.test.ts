import { expect } from 'chai';
import type { PluginError } from '../../../src/errors.ts';
import { closeAll, sandbox, thrown } from './sandbox.ts';

interface Random {
  getRandomBytes(length: bigint): Uint8Array;
  getRandomU64(): bigint;
}

interface Insecure {
  getInsecureRandomBytes(length: bigint): Uint8Array;
  getInsecureRandomU64(): bigint;
}

describe('wasi:random', () => {
  afterEach(closeAll);

  it('gives numbers that differ', () => {
    const random = sandbox().interface<Random>('wasi:random/random');
    expect(random.getRandomBytes(32n)).to.have.length(32).and.not.deep.equal(random.getRandomBytes(32n));
    expect(random.getRandomU64()).not.to.equal(random.getRandomU64());
    expect(random.getRandomBytes(0n)).to.have.length(0);
  });

  it('gives at most 64 KiB a call, so that a guest does not size an allocation of the host', () => {
    const { interface: get } = sandbox();
    const { getRandomBytes } = get<Random>('wasi:random/random');
    const { getInsecureRandomBytes } = get<Insecure>('wasi:random/insecure');
    expect(getRandomBytes(65_536n)).to.have.length(65_536);
    for (const ask of [getRandomBytes, getInsecureRandomBytes]) {
      for (const length of [65_537n, 2n ** 64n - 1n]) {
        const error = thrown(() => ask(length)) as PluginError;
        expect([error.code, error.trap]).to.deep.equal(['ERR_TRAP', 'other']);
        expect(error.message).to.include(`${length} random bytes`);
      }
    }
  });

  describe('without `allowRandom`', () => {
    it('ends the call, naming the grant', () => {
      const random = sandbox({ allowRandom: false }).interface<Random>('wasi:random/random');
      for (const ask of [() => random.getRandomBytes(1n), () => random.getRandomU64()]) {
        const error = thrown(ask) as PluginError;
        expect(error.code).to.equal('ERR_CAPABILITY_DENIED');
        expect(error.hint).to.include('allowRandom');
      }
    });

    it('answers the insecure functions with a fixed sequence, so that hash tables work', () => {
      const [first, second] = [0, 1].map(() => {
        const { interface: get } = sandbox({ allowRandom: false });
        const insecure = get<Insecure>('wasi:random/insecure');
        const { insecureSeed } = get<{ insecureSeed(): [bigint, bigint] }>('wasi:random/insecure-seed');
        return [insecureSeed(), insecure.getInsecureRandomU64(), insecure.getInsecureRandomBytes(8n)];
      });
      expect(first).to.deep.equal(second);
      expect(new Set(first![0] as [bigint, bigint]).size).to.equal(2);
    });
  });

  it('seeds hash tables differently in each instance where random numbers are allowed', () => {
    const seeds = [0, 1].map(() =>
      sandbox().interface<{ insecureSeed(): [bigint, bigint] }>('wasi:random/insecure-seed').insecureSeed(),
    );
    expect(seeds[0]).not.to.deep.equal(seeds[1]);
  });
});
