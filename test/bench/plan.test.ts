import { expect } from 'chai';
import { CANDIDATES } from '../../bench/candidates.ts';
import { SCENARIOS } from '../../bench/scenarios.ts';
import { describePlan, estimateMs, limitMs } from '../../src/bench/plan.ts';
import type { Effort } from '../../src/bench/scenario.ts';

const planOf = (effort: Effort) =>
  SCENARIOS.map((scenario) => ({ scenario, cases: scenario.cases(effort, Object.keys(CANDIDATES)) }));

describe('the plan of the benchmarks', () => {
  // A fifth is left for what an estimate does not know.
  it('takes less than a minute for a look, and less than ten for a change', () => {
    expect(estimateMs(planOf('quick'), 'quick')).to.be.below(0.8 * 60_000);
    expect(estimateMs(planOf('default'), 'default')).to.be.below(0.8 * 600_000);
  });

  it('counts rounds, candidates and processes', () => {
    const [{ scenario }] = planOf('quick') as [ReturnType<typeof planOf>[0]];
    const cases = [
      { name: 'one', parameters: {}, candidates: ['a', 'b'] },
      { name: 'two', parameters: {}, candidates: ['a'], roundMs: 1_000 },
    ];
    const plan = [{ scenario, cases }];
    expect(estimateMs(plan, 'quick')).to.equal(2 * 600 + 7 * (2 * 60 + 1_000));
    expect(estimateMs(plan, 'quick', { rounds: 1, roundMs: 10 })).to.equal(2 * 600 + 2 * 3 * 10);
  });

  it('says how long it takes at most: a minute for a look that fits into one', () => {
    expect(limitMs(20_000, 'quick')).to.equal(60_000);
    expect(limitMs(90_000, 'quick')).to.equal(180_000);
    expect(limitMs(300_000, 'default')).to.equal(600_000);
    expect(describePlan(4, 20_000, 60_000)).to.equal(
      '4 cases, about 20 seconds, at most 60 seconds: then it has measured fewer rounds. Nothing else should run meanwhile.',
    );
  });

  it('names each case once in its scenario', () => {
    for (const effort of ['quick', 'default', 'full'] as const) {
      for (const { scenario, cases } of planOf(effort)) {
        const names = cases.map(({ name }) => name);
        expect(new Set(names).size, `${scenario.name}, ${effort}`).to.equal(names.length);
      }
    }
  });
});
