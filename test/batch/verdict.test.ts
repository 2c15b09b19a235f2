import { expect } from 'chai';
import { type Failures, type Verdict, verdictOf, withFailure } from '../../src/batch/verdict.ts';
import { type ErrorCode, PluginError } from '../../src/errors.ts';

type Attempt = readonly [ErrorCode, began?: boolean];

describe('a verdict on a record', () => {
  const CASES: readonly (readonly [readonly Attempt[], Failures, Verdict])[] = [
    [[['ERR_TRAP']], { ERR_TRAP: 1 }, 'failed'],
    [[['ERR_TRAP'], ['ERR_TRAP', true]], { ERR_TRAP: 2 }, 'poison'],
    [[['ERR_TRAP'], ['ERR_CPU_TIME_LIMIT']], { ERR_TRAP: 1, ERR_CPU_TIME_LIMIT: 1 }, 'poison'],
    [[['ERR_WORKER_CRASHED', true]], { ERR_WORKER_CRASHED: 1 }, 'unlucky'],
    [[['ERR_WORKER_CRASHED', false]], {}, 'unlucky'],
    [[['ERR_WORKER_CRASHED'], ['ERR_WORKER_CRASHED']], { ERR_WORKER_CRASHED: 2 }, 'poison'],
    [[['ERR_QUEUE_FULL', false]], {}, 'unlucky'],
    [
      [
        ['ERR_QUEUE_FULL', false],
        ['ERR_TRAP', true],
      ],
      { ERR_TRAP: 1 },
      'failed',
    ],
    [[['ERR_TRAP'], ['ERR_TRAP'], ['ERR_PLUGIN_QUARANTINED', false]], { ERR_TRAP: 2 }, 'unlucky'],
    [[['ERR_DEADLINE', false]], {}, 'unlucky'],
    [[['ERR_DEADLINE', true]], { ERR_DEADLINE: 1 }, 'failed'],
    [[['ERR_PLUGIN_NOT_FOUND']], {}, 'failed'],
  ];
  for (const [attempts, failures, verdict] of CASES) {
    it(`is ${verdict} after ${attempts.map(([code, began]) => `${code} ${began ?? ''}`.trim()).join(', ')}`, () => {
      const errors = attempts.map(([code, began]) => new PluginError(code, 'It failed', { began }));
      const found = errors.reduce((before: Failures, error) => withFailure(before, error), {});
      expect(found).to.deep.equal(failures);
      expect(verdictOf(errors.at(-1)!, found)).to.equal(verdict);
    });
  }
});
