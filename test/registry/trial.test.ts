import { expect } from 'chai';
import type { ErrorCode } from '../../src/errors.ts';
import { type DecisionOptions, resolveDecision } from '../../src/registry/decision.ts';
import type { Sample } from '../../src/registry/sample.ts';
import { Trial, type Verdict } from '../../src/registry/trial.ts';
import type { JobOutcome } from '../../src/scheduler/job.ts';
import { loneLane } from '../support/lanes.ts';
import { seeded, thrown } from '../support/outcome.ts';

/** How a side behaves: shares of its requests, and latencies in milliseconds. */
interface Side {
  readonly errors?: number;
  readonly limits?: number;
  readonly latency?: (uniform: number) => number;
}

/** Latencies as services have them: most are near 1 ms, some take much longer. */
const longTailed = (uniform: number): number => -Math.log(1 - uniform);

/** Sends requests to both sides, a tenth of them to the canary, until there is a verdict. */
function run(options: DecisionOptions, canary: Side, stable: Side, most: number, seed = 1): Verdict | undefined {
  const trial = new Trial(resolveDecision(options));
  const random = seeded(seed);
  const add = (sample: Sample, { errors = 0, limits = 0, latency = longTailed }: Side): void => {
    const luck = random.next();
    const milliseconds = latency(random.next());
    if (luck < limits) sample.add(outcome('ERR_CPU_TIME_LIMIT', false, milliseconds));
    else sample.add(outcome(undefined, luck >= limits + errors, milliseconds));
  };
  for (let i = 0; i < most; i++) {
    if (i % 10 === 0) add(trial.canary, canary);
    else add(trial.stable, stable);
    const verdict = trial.look();
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

const ALL: DecisionOptions = {
  maxErrorRateIncrease: 0.02,
  maxLimitRateIncrease: 0.02,
  maxP95Ratio: 1.5,
  maxP99Ratio: 2,
};

const lane = loneLane();

/** What a request came to. */
function outcome(code: ErrorCode | undefined, success: boolean, ranMs: number | undefined): JobOutcome {
  return { lane, code, success, ranMs };
}

describe('Trial', () => {
  it('promotes a canary that is as good', () => {
    const verdict = run(ALL, { errors: 0.01 }, { errors: 0.01 }, 200_000);
    expect(verdict?.action).to.equal('promote');
    for (const what of ['error rate', 'limit hits', 'p95', 'p99']) expect(verdict?.reason).to.include(what);
  });

  for (const [what, side] of [
    ['error rate', { errors: 0.1 }],
    ['limit hits', { limits: 0.1 }],
    ['p95', { latency: (uniform) => 2 * longTailed(uniform) }],
    ['p99', { latency: (uniform) => (uniform > 0.98 ? 50 : 1) * longTailed(uniform) }],
  ] as const satisfies readonly (readonly [string, Side])[]) {
    it(`rolls back for its ${what}, and says so`, () => {
      const verdict = run({ ...ALL, ...(what === 'limit hits' && { maxErrorRateIncrease: 1 }) }, side, {}, 200_000);
      expect(verdict?.action).to.equal('roll-back');
      expect(verdict?.reason).to.match(new RegExp(`^${what} .* allowed \\(\\d+ requests against \\d+ of the stable`));
    });
  }

  it('rolls a canary that always fails back at the first look', () => {
    const verdict = run({ maxErrorRateIncrease: 0.05, minRequests: 20 }, { errors: 1 }, {}, 1000);
    expect(verdict).to.deep.equal({
      action: 'roll-back',
      reason:
        'error rate 100.00 % against 0.00 %, 5.00 % more allowed; error rate 100.00 %, 50.00 % allowed in any case (20 requests against 171 of the stable version)',
    });
  });

  it('does not promote what fails for being no worse than what fails', () => {
    for (const [stable, canary] of [
      [1, 1],
      [0.9, 0.9],
      [0.9, 0],
    ] as const) {
      const sides = [{ errors: canary }, { errors: stable }] as const;
      expect(run({ maxErrorRateIncrease: 0.02 }, ...sides, 50_000), `${stable}`).to.equal(undefined);
    }
  });

  it('rolls back what fails more often than any version may, and promotes it when it may', () => {
    const verdict = run({ maxErrorRateIncrease: 1, maxErrorRate: 0.1 }, { errors: 0.3 }, {}, 50_000);
    expect(verdict?.action).to.equal('roll-back');
    expect(verdict?.reason).to.match(/^error rate \d+\.\d\d %, 10\.00 % allowed in any case \(/);
    expect(run({ maxErrorRateIncrease: 1, maxErrorRate: 0.5 }, { errors: 0.3 }, {}, 50_000)?.action).to.equal(
      'promote',
    );
  });

  it('forgets the time in which stable was sick', () => {
    const trial = new Trial(resolveDecision({ maxErrorRateIncrease: 0.05 }));
    const both = (success: boolean, times: number): Verdict | undefined => {
      for (let n = 0; n < times; n++) {
        trial.stable.add(outcome(undefined, success, 1));
        trial.canary.add(outcome(undefined, success, 1));
        const verdict = trial.look();
        if (verdict !== undefined) return verdict;
      }
      return undefined;
    };
    expect(both(false, 1000)).to.equal(undefined);
    const verdict = both(true, 5000);
    expect(verdict?.action).to.equal('promote');
    expect(verdict?.reason).to.include('error rate 0.00 % against 0.00 %');
  });

  it('decides nothing before both sides have had enough requests', () => {
    const trial = new Trial(resolveDecision({ maxErrorRateIncrease: 0.05, minRequests: 50 }));
    for (let i = 0; i < 500; i++) trial.canary.add(outcome(undefined, false, 1));
    expect(trial.look()).to.equal(undefined);
    for (let i = 0; i < 49; i++) trial.stable.add(outcome(undefined, true, 1));
    expect(trial.look()).to.equal(undefined);
    trial.stable.add(outcome(undefined, true, 1));
    expect(trial.look()?.action).to.equal('roll-back');
  });

  it('counts as failed what a version refused because it fails all the time, without a latency', () => {
    const trial = new Trial(resolveDecision({ maxErrorRateIncrease: 0.05, maxP95Ratio: 1, minRequests: 20 }));
    for (let i = 0; i < 20; i++) {
      trial.stable.add(outcome(undefined, true, 1));
      trial.canary.refused();
    }
    expect(trial.canary.errors).to.deep.equal({ count: 20, of: 20 });
    expect(trial.canary.latencyInterval(0.95, 3)).to.deep.equal({ low: 0, high: Number.POSITIVE_INFINITY });
    expect(trial.look()?.reason).to.match(
      /^error rate 100.00 % against 0.00 %, 5.00 % more allowed; error rate 100.00 %, 50.00 % allowed in any case \(/,
    );
  });

  it('looks again only after twice as many requests', () => {
    const trial = new Trial(resolveDecision({ maxErrorRateIncrease: 0.01, minRequests: 20 }));
    for (let i = 0; i < 5000; i++) trial.stable.add(outcome(undefined, true, 1));
    const decided: number[] = [];
    for (let i = 1; i <= 3000; i++) {
      trial.canary.add(outcome(undefined, true, 1));
      if (trial.look() !== undefined) decided.push(i);
    }
    // 20, 40, …, 1280 are too few to be certain of one in a hundred; at 1500, say, nobody looks.
    expect(decided).to.deep.equal([2560]);
  });

  it('does not hold against a version what was not its doing', () => {
    const trial = new Trial(resolveDecision({ maxErrorRateIncrease: 0.01 }));
    const failed = (code: ErrorCode, ranMs: number | undefined): void => trial.canary.add(outcome(code, false, ranMs));
    // The queue's doing, and that of who gave up or unloaded it.
    for (const code of ['ERR_QUEUE_FULL', 'ERR_DEADLINE', 'ERR_ABORTED'] as const) failed(code, undefined);
    for (const code of ['ERR_ABORTED', 'ERR_ENGINE_CLOSED', 'ERR_PLUGIN_NOT_FOUND'] as const) failed(code, 1);
    expect(trial.canary.requests).to.equal(0);
    failed('ERR_DEADLINE', 1);
    failed('ERR_MEMORY_LIMIT', 1);
    expect([trial.canary.errors, trial.canary.limits]).to.deep.equal([
      { count: 2, of: 2 },
      { count: 1, of: 2 },
    ]);
  });

  // The worst case: the canary is exactly as much worse as is allowed, and is looked at nine times.
  it('errs as seldom as its confidence says, however often it looks', () => {
    const [trials, options] = [300, { maxErrorRateIncrease: 0.02, minRequests: 40, confidence: 0.9 }];
    const actions = { promote: 0, 'roll-back': 0, undecided: 0 };
    for (let seed = 0; seed < trials; seed++) {
      actions[run(options, { errors: 0.07 }, { errors: 0.05 }, 110_000, seed)?.action ?? 'undecided']++;
    }
    expect(actions['roll-back'] / trials).to.be.below(0.1);
    expect(actions.promote / trials).to.be.below(0.1);
  });

  it('never promotes what is slower beyond the threshold', () => {
    for (let seed = 0; seed < 30; seed++) {
      const slow = { latency: (uniform: number) => 1.8 * longTailed(uniform) };
      expect(run({ maxP95Ratio: 1.5 }, slow, {}, 60_000, seed)?.action).to.equal('roll-back');
    }
  });
});

describe('resolveDecision', () => {
  it('fills in what is left out', () => {
    expect(resolveDecision({ maxP95Ratio: 1.2 })).to.deep.equal({
      maxErrorRateIncrease: undefined,
      maxErrorRate: 0.5,
      maxLimitRateIncrease: undefined,
      maxP95Ratio: 1.2,
      maxP99Ratio: undefined,
      minRequests: 200,
      confidence: 0.99,
    });
  });

  for (const [options, message] of [
    [{}, 'Expected `decide` to be an object with a threshold, got `{}` (object)'],
    [{ minRequests: 100 }, 'Expected `decide` to be an object with a threshold, got `{ minRequests: 100 }` (object)'],
    [{ maxErrorShare: 1 }, '`decide` has no option `maxErrorShare`'],
    [
      { maxP95Ratio: 2, maxErrorRate: 0 },
      'Expected `decide.maxErrorRate` to be a number from 0.001 to 1, got `0` (number)',
    ],
    [
      { maxErrorRateIncrease: 2 },
      'Expected `decide.maxErrorRateIncrease` to be a number from 0 to 1, got `2` (number)',
    ],
    [{ maxP95Ratio: 0.5 }, 'Expected `decide.maxP95Ratio` to be a number from 1 to 1000000, got `0.5` (number)'],
    [{ maxP99Ratio: Number.NaN }, 'Expected `decide.maxP99Ratio` to be a number from 1 to 1000000, got `NaN` (number)'],
    [
      { maxP95Ratio: 2, minRequests: 5 },
      'Expected `decide.minRequests` to be a whole number from 20 to 1000000000, got `5` (number)',
    ],
    [
      { maxP95Ratio: 2, confidence: 1 },
      'Expected `decide.confidence` to be a number from 0.5 to 0.999999, got `1` (number)',
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const error = thrown(() => resolveDecision(options as DecisionOptions));
      expect([error.code, error.message]).to.deep.equal(['ERR_INVALID_ARGUMENT', message]);
    });
  }
});
