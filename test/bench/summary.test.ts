import { expect } from 'chai';
import { toMarkdown } from '../../src/bench/markdown.ts';
import { summarize } from '../../src/bench/summary.ts';
import { RATE, reportOf } from './reports.ts';

const CPU = { name: 'CPU', unit: 'µs', better: 'lower' } as const;
const metricOf = (...args: Parameters<typeof reportOf>) => reportOf(...args).cases[0]!.metrics[0]!;

describe('the summary of a case', () => {
  it('names the one that is better than all others', () => {
    const values = { engine: [30, 31, 32, 33, 34, 35], other: [10, 11, 12, 13, 14, 15], last: [1, 1, 1, 1, 1, 1] };
    const { winner, candidates, comparisons } = metricOf(values);
    expect(winner).to.equal('engine');
    expect(candidates[0]).to.include({ name: 'engine', median: 32.5, min: 30, max: 35 });
    expect(comparisons.map(({ than, verdict }) => [than, verdict])).to.deep.equal([
      ['other', 'better'],
      ['last', 'better'],
    ]);
    expect(metricOf(values, CPU).winner).to.equal('last');
    expect(metricOf(values, CPU).comparisons[0]!.verdict).to.equal('worse');
  });

  it('names nobody inside the noise, with too few rounds, or alone', () => {
    expect(metricOf({ engine: [3, 1, 3, 1, 3, 3], other: [2, 2, 2, 2, 2, 2] }).winner).to.equal(null);
    expect(metricOf({ engine: [9, 9, 9], other: [1, 1, 1] }).winner).to.equal(null);
    expect(metricOf({ engine: [9, 9, 9, 9, 9, 9] }).winner).to.equal(null);
  });

  it('leaves out what was not measured, and ratios of zeros', () => {
    expect(summarize(RATE, new Map([['engine', [{ values: {} }]]]))).to.equal(undefined);
    expect(metricOf({ engine: [0, 0], other: [0, 0] }).comparisons).to.deep.equal([]);
    expect(metricOf({ engine: [Number.NaN, 1], other: [] }).candidates).to.have.length(1);
  });

  it('is a table in Markdown', () => {
    const markdown = toMarkdown(reportOf({ engine: [2000, 2000, 2000, 2000, 2000, 2000], other: [1, 1, 1, 1, 1, 1] }));
    expect(markdown).to.include('### throughput');
    expect(markdown).to.match(/\| 16 B, 64 callers \| rate {3}\| engine {4}\| \*\*2,000 \/s\*\* +\| 2,000 – 2,000 \|/);
    expect(markdown).to.include('2,000× (2,000 – 2,000), better');
    expect(markdown).to.include('- Lua: it is not installed');
    expect(markdown).to.include('A <fast> one, 2 cores, 8 GiB');
  });
});
