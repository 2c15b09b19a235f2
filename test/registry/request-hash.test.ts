import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { requestHash } from '../../src/registry/request-hash.ts';

const IDS = 100_000;

/** Kinds of ids that differ in little, or in one place only. */
const KINDS: Record<string, (index: number) => string> = {
  'sequential ids': (index) => `r-${index}`,
  'numbers alone': (index) => `${index}`,
  UUIDs: () => randomUUID(),
  'ids with a long prefix in common': (index) => `${'tenant/europe-west/orders/'.repeat(10)}${index}`,
  'ids with a long suffix in common': (index) => `${index}${'@users.example.org'.repeat(10)}`,
  'ids of one code unit': (index) => String.fromCharCode(index % 65_536),
  'ids in another script': (index) => `要求-${index}`,
};

describe('requestHash', () => {
  // Of the reference implementation, for the bytes of the text in UTF-16, little endian, with the seed 7.
  for (const [text, hash] of [
    ['', 415_870_660],
    ['a', 2_383_563_902],
    ['ab', 3_630_137_044],
    ['abc', 3_629_696_366],
    ['r-42', 3_527_561_455],
    ['héllo wörld 漢字', 1_238_262_951],
  ] as const) {
    it(`is MurmurHash3 of ${JSON.stringify(text)}`, () => {
      expect(requestHash(text, 7)).to.equal(hash);
    });
  }

  for (const [kind, id] of Object.entries(KINDS)) {
    it(`spreads ${kind} evenly`, () => {
      const buckets = new Array<number>(20).fill(0);
      const ids = kind === 'ids of one code unit' ? 65_536 : IDS;
      for (let index = 0; index < ids; index++) {
        const bucket = Math.floor((requestHash(id(index), 1) / 2 ** 32) * 20);
        buckets[bucket] = buckets[bucket]! + 1;
      }
      for (const count of buckets) expect(count / ids).to.be.within(0.045, 0.055);
    });
  }

  it('is another function for another seed', () => {
    let both = 0;
    for (let index = 0; index < IDS; index++) {
      if (requestHash(`r-${index}`, 1) < 2 ** 31 && requestHash(`r-${index}`, 2) < 2 ** 31) both++;
    }
    expect(both / IDS).to.be.within(0.24, 0.26);
  });
});
