import { expect } from 'chai';
import fc from 'fast-check';
import { IndexSet } from '../../../src/batch/journal/indexes.ts';

describe('IndexSet', () => {
  it('holds what was added, in as few ranges as there are gaps', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60)), fc.nat(60), (added, probe) => {
        const set = new IndexSet();
        for (const index of added) set.add(index);
        const wanted = new Set(added);
        expect(set.has(probe)).to.equal(wanted.has(probe));
        let prefix = 0;
        while (wanted.has(prefix)) prefix++;
        expect(set.prefix).to.equal(prefix);
        const starts = [...wanted].filter((index) => !wanted.has(index - 1)).sort((a, b) => a - b);
        const ends = [...wanted].filter((index) => !wanted.has(index + 1)).sort((a, b) => a - b);
        expect(set.edges).to.deep.equal(starts.flatMap((start, range) => [start, ends[range]! + 1]));
        expect(new IndexSet(set.edges).edges).to.deep.equal(set.edges);
      }),
    );
  });

  it('stays small while one record is missing', () => {
    const set = new IndexSet();
    for (let index = 1; index < 100_000; index++) set.add(index);
    expect(set.edges).to.deep.equal([1, 100_000]);
    set.add(0);
    expect(set.edges).to.deep.equal([0, 100_000]);
  });
});
