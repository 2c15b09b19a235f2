import { expect } from 'chai';
import { FailureLimit } from '../../../src/batch/file/failure-limit.ts';
import { resolveSelection, Selection, type SelectionOptions } from '../../../src/batch/file/selection.ts';
import { Tally } from '../../../src/batch/file/tally.ts';
import { PluginError } from '../../../src/errors.ts';

const chosen = (options: SelectionOptions, of = 1000): number[] => {
  const selection = new Selection(resolveSelection(options));
  return Array.from({ length: of }, (_, index) => index).filter((index) => selection.takes(index));
};

describe('Selection', () => {
  it('takes all, a stretch, or a part', () => {
    expect(chosen({})).to.have.length(1000);
    expect(chosen({ skip: 3, limit: 2 })).to.deep.equal([3, 4]);
    expect(chosen({ shard: '2/4' }, 12)).to.deep.equal([1, 5, 9]);
    expect(chosen({ shard: '2/4', skip: 2, limit: 2 }, 100)).to.deep.equal([5, 9]);
  });

  it('has each record in one of the parts', () => {
    const parts = [1, 2, 3].flatMap((part) => chosen({ shard: `${part}/3`, skip: 10 }));
    expect(parts.sort((a, b) => a - b)).to.deep.equal(chosen({ skip: 10 }));
  });

  it('takes the same sample each time, of about the share, and another one by another seed', () => {
    const sample = chosen({ sample: '10%' }, 100_000);
    expect(sample).to.deep.equal(chosen({ sample: 0.1 }, 100_000));
    expect(sample.length).to.be.within(9500, 10_500);
    const other = chosen({ sample: 0.1, seed: 1 }, 100_000);
    expect(other.length).to.be.within(9500, 10_500);
    const both = sample.filter((index) => new Set(other).has(index));
    expect(both.length).to.be.within(800, 1200);
    // Runs of records, and records beyond 2^32, are no exception.
    const far = new Selection(resolveSelection({ sample: 0.5 }));
    const taken = Array.from({ length: 1000 }, (_, index) => far.takes(2 ** 40 + index)).filter(Boolean);
    expect(taken.length).to.be.within(400, 600);
    expect(chosen({ sample: 1 })).to.have.length(1000);
  });

  const wrong: readonly SelectionOptions[] = [
    { skip: -1 },
    { limit: 0 },
    { shard: '0/2' },
    { shard: '3/2' },
    { shard: '1' as '1/1' },
    { sample: 0 },
    { sample: '101%' },
    { sample: 'a%' as '1%' },
    { seed: 1.5 },
  ];
  for (const options of wrong) {
    it(`refuses ${JSON.stringify(options)}`, () =>
      expect(() => resolveSelection(options)).to.throw(
        PluginError,
        /^Expected `(skip|limit|shard|sample|seed)` to be /,
      ));
  }
});

describe('FailureLimit', () => {
  const tally = (succeeded: number, failed: number): Tally =>
    new Tally({ succeeded, refused: 0, failed, malformed: 0, poison: 0, unlucky: 0, errors: { ERR_TRAP: failed } });

  it('counts records, or their share once that says something', () => {
    const ten = FailureLimit.of(10)!;
    expect(ten.exceeded(tally(0, 10), 'on the way')).to.equal(undefined);
    expect(ten.exceeded(tally(0, 11), 'on the way')).to.include({ code: 'ERR_BATCH_FAILURES' });
    const share = FailureLimit.of('5%')!;
    expect(share.exceeded(tally(900, 99), 'on the way')).to.equal(undefined);
    expect(share.exceeded(tally(900, 99), 'at the end')?.message).to.match(
      /^99 of 999 records .*\(99 ERR_TRAP\); 5% may be$/,
    );
    expect(share.exceeded(tally(901, 99), 'on the way')).not.to.equal(undefined);
    expect(share.exceeded(tally(950, 50), 'at the end')).to.equal(undefined);
    expect(FailureLimit.of(undefined)).to.equal(undefined);
  });

  for (const given of [-1, 1.5, '5', '200%', null]) {
    it(`refuses ${given}`, () => expect(() => FailureLimit.of(given)).to.throw(PluginError, /^Expected `maxFailures`/));
  }
});
