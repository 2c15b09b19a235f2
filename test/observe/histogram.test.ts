import { expect } from 'chai';
import fc from 'fast-check';
import { Histogram, QUANTILE_ERROR, SIZE, TIME } from '../../src/observe/histogram.ts';

function histogramOf(values: readonly number[], shape = TIME): Histogram {
  const histogram = new Histogram(shape);
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The value below or at which a share of the values lies. */
function trueQuantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1]!;
}

describe('Histogram', () => {
  it('is empty at first', () => {
    const nothing = { count: 0, sum: 0, max: 0, p50: 0, p90: 0, p99: 0, p999: 0, buckets: [] };
    expect(new Histogram(TIME).snapshot()).to.deep.equal(nothing);
  });

  it('knows quantiles within the error that it states', () => {
    const milliseconds = fc.double({ min: 2 ** TIME.from, max: 2 ** TIME.to * 0.96, noNaN: true });
    fc.assert(
      fc.property(fc.array(milliseconds, { minLength: 1, maxLength: 200 }), (values) => {
        const { p50, p90, p99, p999, count, max } = histogramOf(values).snapshot();
        expect([count, max]).to.deep.equal([values.length, Math.max(...values)]);
        for (const [share, shown] of [
          [0.5, p50] as const,
          [0.9, p90] as const,
          [0.99, p99] as const,
          [0.999, p999] as const,
        ]) {
          const exact = trueQuantile(values, share);
          expect(Math.abs(shown - exact) / exact, `p${share}`).to.be.at.most(QUANTILE_ERROR + 1e-12);
        }
      }),
    );
  });

  it('has buckets whose edges hold for every value', () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** TIME.from, max: 2 ** TIME.to * 0.96, noNaN: true }), (value) => {
        const [bucket] = histogramOf([value]).snapshot().buckets;
        expect(bucket!.below)
          .to.be.greaterThan(value)
          .and.at.most(value * (1 + 2 * QUANTILE_ERROR) + 1e-12);
      }),
    );
  });

  it('puts what is out of range into the first and the last bucket, and keeps the maximum', () => {
    const { count, max, buckets, p50, p999 } = histogramOf([0, -5, Number.NaN, 1e-9, 1e12]).snapshot();
    expect({ count, max, p999 }).to.deep.equal({ count: 5, max: 1e12, p999: 1e12 });
    expect(p50).to.be.lessThan(0.0011);
    expect(buckets).to.deep.equal([
      { below: 2 ** -10 * (17 / 16), count: 4 },
      { below: Number.POSITIVE_INFINITY, count: 1 },
    ]);
  });

  it('knows whole numbers up to 32 exactly', () => {
    for (let size = 1; size < 32; size++) expect(histogramOf([size], SIZE).snapshot().p50).to.equal(size);
    expect(histogramOf([256], SIZE).snapshot().p50).to.equal(256);
  });

  it('adds up', () => {
    const left = [0.01, 3, 700];
    const right = [0.02, 3.1, 2000, 5];
    const sum = histogramOf(left);
    sum.add(histogramOf(right));
    expect(sum.snapshot()).to.deep.equal(histogramOf([...left, ...right]).snapshot());
  });
});
