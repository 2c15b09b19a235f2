import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';

/** Ends of a call other than a return or a WIT error, each by one request. */
const ENDS = [
  ['unreachable', 'ERR_TRAP'],
  ['oob', 'ERR_TRAP'],
  ['divide', 'ERR_TRAP'],
  ['indirect-null', 'ERR_TRAP'],
  ['stack', 'ERR_STACK_OVERFLOW'],
  ['bad-pointer', 'ERR_INVALID_RESPONSE'],
  ['bad-utf8', 'ERR_INVALID_RESPONSE'],
  ['bad-option', 'ERR_INVALID_RESPONSE'],
  ['bad-log', 'ERR_INVALID_RESPONSE'],
  ['flood-config 1000', 'ERR_HOST_CALL_LIMIT'],
  ['output 200000', 'ERR_OUTPUT_LIMIT'],
  ['spin', 'ERR_CPU_TIME_LIMIT'],
] as const;

/** Ends that leave the instance as it was. */
const RETURNS = ['hello', 'fail', 'config no-such-key', 'flood-log 500', 'grow 100000', 'level nonsense'];

describe('invariant 7: any end of a call other than a return or a WIT error drops the instance', function () {
  this.timeout(60_000);
  const sandbox: Policy = { cpuTimeLimitMs: 60, maxHostCalls: 600, maxOutputBytes: 100_000, maxLogBytes: 4096 };
  let engine: PluginEngine;
  /** How many requests the instance has begun, this one included. */
  const count = async (name = 'plugin'): Promise<number> =>
    Number((await engine.process(name, { input: 'count' })).output);

  before(async () => {
    // One request at a time: they all go to the thread that holds the instance.
    engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await hostile(), { sandbox });
  });
  after(closeEngines);

  for (const [input, code] of ENDS) {
    it(`${input}: ${code}`, async () => {
      const before = await count();
      expect(await count()).to.equal(before + 1);
      expect(await outcome(engine.process('plugin', { input }))).to.equal(code);
      expect(await count()).to.equal(1);
    });
  }

  it('an abort of what runs', async () => {
    // Without the limit of CPU time, which may come before the abort.
    await engine.loadPlugin('patient', await hostile(), { sandbox: {} });
    await count('patient');
    expect(await count('patient')).to.be.above(1);
    const controller = new AbortController();
    const aborted = outcome(engine.process('patient', { input: 'spin' }, { signal: controller.signal }));
    await until(() => engine.status().queued === 0 && engine.status().threads.busy === 1);
    controller.abort();
    expect(await aborted).to.equal('ERR_ABORTED');
    expect(await count('patient')).to.equal(1);
  });

  it('only the second request after an ambush meets it', async () => {
    for (const ambush of ['post-trap', 'realloc-trap', 'realloc-range', 'post-spin', 'realloc-spin']) {
      await count();
      // Armed by one request: the trap after its response, or at the next allocation.
      await outcome(engine.process('plugin', { input: ambush }));
      await outcome(engine.process('plugin', { input: 'next' }));
      expect(await count(), ambush).to.be.at.most(2);
      expect((await engine.process('plugin', { input: 'well' })).output, ambush).to.equal('well');
    }
  });

  for (const input of RETURNS) {
    it(`and ${input} keeps it`, async () => {
      const before = await count();
      await engine.process('plugin', { input });
      expect(await count()).to.equal(before + 2);
    });
  }
});
