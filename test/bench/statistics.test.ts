import { expect } from 'chai';
import {
  median,
  pairedRatio,
  permutationTest,
  quantile,
  randomNumbers,
  shuffled,
  unpairedRatio,
  verdict,
} from '../../src/bench/statistics.ts';

describe('the statistics of the benchmarks', () => {
  it('interpolates between values', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 2, 3])).to.equal(2.5);
    expect(quantile([10, 20, 30], 0.75)).to.equal(25);
    expect(median([])).to.be.NaN;
  });

  it('draws the same numbers for the same seed, evenly', () => {
    const draw = (seed: number): number[] => Array.from({ length: 10_000 }, randomNumbers(seed));
    expect(draw(7)).to.deep.equal(draw(7));
    expect(draw(7)).not.to.deep.equal(draw(8));
    const mean = draw(7).reduce((sum, value) => sum + value) / 10_000;
    expect(mean).to.be.within(0.48, 0.52);
    expect(shuffled([1, 2, 3, 4, 5], randomNumbers(3)).sort()).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('cancels what slows both of a pair down', () => {
    const machine = [1, 10, 3, 0.5, 7, 2];
    const ratio = pairedRatio(
      machine.map((speed) => speed * 2),
      machine,
    );
    expect(ratio).to.deep.equal({ ratio: 2, low: 2, high: 2 });
    expect(verdict(ratio)).to.equal('more');
  });

  it('says nothing from fewer than six pairs, however far apart they are', () => {
    const { low, high } = pairedRatio([90, 91, 92, 93, 94], [1, 1, 1, 1, 1]);
    expect([low, high]).to.deep.equal([0, Number.POSITIVE_INFINITY]);
    expect(verdict({ ratio: 92, low, high })).to.equal('noise');
    expect(verdict(pairedRatio([90, 91, 92, 93, 94, 95], [1, 1, 1, 1, 1, 1]))).to.equal('more');
  });

  it('needs the extremes of six pairs, and leaves out one outlier on each side of nine', () => {
    expect(pairedRatio([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1])).to.include({ low: 1, high: 6 });
    expect(pairedRatio([1, 2, 3, 4, 5, 6, 7, 8, 9], Array(9).fill(1))).to.include({ ratio: 5, low: 2, high: 8 });
  });

  it('leaves differences alone that another layout of the code would make', () => {
    expect(verdict({ ratio: 1.01, low: 1.005, high: 1.015 })).to.equal('noise');
    expect(verdict({ ratio: 0.5, low: 0.4, high: 0.6 })).to.equal('less');
  });

  it('finds a difference in pure noise in at most 5 % of the runs', () => {
    const random = randomNumbers(42);
    const noise = (): number[] => Array.from({ length: 9 }, () => Math.exp(2 * random()));
    const found = Array.from({ length: 400 }, () => verdict(pairedRatio(noise(), noise()))).filter(
      (said) => said !== 'noise',
    );
    expect(found.length / 400).to.be.at.most(0.05);
  });

  it('compares values of two runs', () => {
    const before = [10, 11, 10, 12, 11, 10];
    const after = before.map((value) => value * 2);
    expect(verdict(unpairedRatio(after, before))).to.equal('more');
    expect(permutationTest(after, before)).to.be.below(0.01);
    expect(verdict(unpairedRatio(before, [...before].reverse()))).to.equal('noise');
    expect(permutationTest(before, before)).to.equal(1);
    expect(verdict(unpairedRatio([20, 20, 20], [10, 10, 10]))).to.equal('noise');
  });

  it('has no ratio of zeros', () => {
    expect(pairedRatio([0, 0], [0, 0]).ratio).to.be.NaN;
  });
});
