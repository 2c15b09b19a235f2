import { expect } from 'chai';
import { difference, normalQuantile, quantileRanks, wilson } from '../../src/registry/confidence.ts';
import { seeded } from '../support/outcome.ts';

const Z95 = 1.959964;

describe('confidence', () => {
  it('has the quantiles of the normal distribution', () => {
    for (const [probability, z] of [
      [0.5, 0],
      [0.1, 1.281552],
      [0.025, Z95],
      [0.005, 2.575829],
      [1e-6, 4.753424],
    ] as const) {
      expect(normalQuantile(probability)).to.be.closeTo(z, 0.00045);
    }
  });

  // The examples of Newcombe, Statistics in Medicine 17 (1998), 857-872, method 3: the score interval.
  for (const [count, of, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    it(`has the interval of ${count} of ${of}`, () => {
      const interval = wilson({ count, of }, Z95);
      expect(interval.low).to.be.closeTo(low, 0.00005);
      expect(interval.high).to.be.closeTo(high, 0.00005);
    });
  }

  it('knows nothing of no samples', () => {
    expect(wilson({ count: 0, of: 0 }, Z95)).to.deep.equal({ low: 0, high: 1 });
    const { low, high } = difference({ count: 0, of: 0 }, { count: 5, of: 1000 }, Z95);
    expect([low < 0, high > 0.9]).to.deep.equal([true, true]);
  });

  // The examples of Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10.
  for (const [a, b, low, high] of [
    [[56, 70], [48, 80], 0.0524, 0.3339],
    [[9, 10], [3, 10], 0.1705, 0.809],
    [[5, 56], [0, 29], -0.0381, 0.1926],
    [[10, 10], [0, 20], 0.6791, 1],
  ] as const) {
    it(`has the interval of ${a.join('/')} - ${b.join('/')}`, () => {
      const interval = difference({ count: a[0], of: a[1] }, { count: b[0], of: b[1] }, Z95);
      expect(interval.low).to.be.closeTo(low, 0.00005);
      expect(interval.high).to.be.closeTo(high, 0.00005);
    });
  }

  it('has ranks between which a quantile lies as often as it says', () => {
    const random = seeded(1);
    const [samples, rounds] = [400, 2000];
    const { low, high } = quantileRanks(samples, 0.95, normalQuantile(0.025));
    let outside = 0;
    for (let round = 0; round < rounds; round++) {
      const values = Float64Array.from({ length: samples }, () => random.next()).sort();
      if (0.95 < values[low - 1]! || 0.95 > values[high - 1]!) outside++;
    }
    expect(outside / rounds).to.be.below(0.06);
  });

  it('has no upper rank where there are too few samples for one', () => {
    expect(quantileRanks(50, 0.99, Z95)).to.deep.equal({ low: 48, high: Number.POSITIVE_INFINITY });
    expect(quantileRanks(1, 0.5, Z95)).to.deep.equal({ low: 0, high: Number.POSITIVE_INFINITY });
  });
});
