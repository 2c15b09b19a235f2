import { expect } from 'chai';
import { Limiter } from '../../src/batch/limiter.ts';

/** The limits that a limiter tries on a system that does so many records a millisecond with a limit. */
function climb(throughput: (limit: number) => number, load: 'full' | 'half' = 'full', records = 2_000_000): number[] {
  let now = 0;
  const limiter = new Limiter({ min: 1, start: 32, max: 4096 }, () => now);
  const limits: number[] = [];
  for (let record = 0; record < records; record++) {
    const { limit } = limiter;
    if (limits.at(-1) !== limit) limits.push(limit);
    if (load === 'full') limiter.reached();
    now += 1 / throughput(limit);
    limiter.settled();
  }
  return limits;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe('Limiter', () => {
  it('keeps a number', () => {
    const limiter = new Limiter({ min: 7, start: 7, max: 7 });
    for (let index = 0; index < 1000; index++) limiter.settled();
    expect(limiter.limit).to.equal(7);
  });

  it('climbs to where more does not help', () => {
    const limits = climb((limit) => Math.min(limit, 500));
    expect(median(limits.slice(limits.length >> 1))).to.be.within(300, 800);
  });

  it('comes down to where less costs nothing', () => {
    const limits = climb((limit) => Math.min(limit, 4) * 25, 'full', 1_000_000);
    expect(Math.min(...limits)).to.be.at.most(6);
  });

  it('comes down from where more costs', () => {
    const limits = climb((limit) => (limit <= 16 ? 10 * limit : 2560 / limit));
    expect(median(limits.slice(limits.length >> 1))).to.be.within(8, 32);
  });

  it('stays within its bounds', () => {
    const limits = climb((limit) => limit);
    expect(Math.max(...limits)).to.equal(4096);
    expect(Math.min(...climb((limit) => 1000 / limit))).to.equal(1);
  });

  it('learns nothing from a time in which there was not enough to do', () => {
    expect(climb(() => 100, 'half')).to.deep.equal([32]);
  });
});
