import { expect } from 'chai';
import type { PluginResponse } from '../../src/contract/values.ts';
import type { PluginError } from '../../src/errors.ts';
import { type Ask, type Check, resolveCheck, runCheck, runSelfTest } from '../../src/health/check.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome, rejection, thrown } from '../support/outcome.ts';

describe('checks', () => {
  const answering = (response: Partial<PluginResponse>) => async (): Promise<PluginResponse> => ({
    output: '',
    success: true,
    ...response,
  });

  /** `well`, or what is wrong. */
  async function verdict(check: Check, response: Partial<PluginResponse> = {}): Promise<string> {
    return runCheck(check, answering(response)).then(
      () => 'well',
      (error: Error) => error.message,
    );
  }

  it('hold an answer to what is expected of it', async () => {
    const input = 'x';
    expect(await verdict({ input })).to.equal('well');
    expect(await verdict({ input }, { success: false })).to.equal('expected `success` to be true, got false');
    expect(await verdict({ input }, { success: false, errorMessage: 'no\nlicence' })).to.equal(
      'expected `success` to be true, got false: "no\\u{a}licence"',
    );
    expect(await verdict({ input, expect: { success: false } }, { success: false })).to.equal('well');
    expect(await verdict({ input, expect: { success: false } })).to.equal('expected `success` to be false, got true');
    expect(await verdict({ input, expect: { output: 'a' } }, { output: 'a' })).to.equal('well');
    expect(await verdict({ input, expect: { output: 'a' } }, { output: 'b'.repeat(1000) })).to.equal(
      `expected \`output\` to be "a", got "${'b'.repeat(80)}…"`,
    );
    expect(
      await verdict({ input, expect: { success: false, errorMessage: 'e' } }, { success: false, errorMessage: 'f' }),
    ).to.equal('expected `errorMessage` to be "e", got "f"');
  });

  it('may be functions', async () => {
    expect(await verdict(async (ask) => (await ask({ input: '' })).output, { output: '' })).to.equal('well');
    expect(await verdict(() => false)).to.equal('the check gave `false`');
    expect(
      await verdict(() => {
        throw new Error('not today');
      }),
    ).to.equal('not today');
  });

  it('are checked themselves', () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      ['ping', /^Expected `selfTest` to be an object, got `'ping'`/],
      [{}, /^Expected `request` to be/],
      [{ input: 'x', output: 'y' }, /^`selfTest` has no option `output`$/],
      [{ input: 'x', options: 1 }, /^Expected `request.options`/],
      [{ input: 'x', expect: { output: 1 } }, /^Expected `selfTest.expect.output` to be a string/],
      [{ input: 'x', expect: { success: 'yes' } }, /^Expected `selfTest.expect.success` to be true or false/],
      [{ input: 'x', expect: { code: 1 } }, /^`selfTest.expect` has no option `code`$/],
    ];
    for (const [check, message] of wrong) {
      const error = thrown(() => resolveCheck('selfTest', check as Check));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
    }
    expect(resolveCheck('selfTest', undefined)).to.equal(undefined);
  });

  it('that never end are ended, and ask no more', async () => {
    let late: Ask | undefined;
    const endless: Check = (ask) => {
      late = ask;
      return new Promise(() => {});
    };
    const error = await rejection(runSelfTest(endless, answering({}), 5));
    expect([error.code, error.message]).to.deep.equal([
      'ERR_CHECK_FAILED',
      'The plugin did not pass its self-test: it took longer than 5 ms',
    ]);
    expect(await outcome(late!({ input: 'x' }))).to.equal('ERR_ABORTED');
  });
});

describe('selfTest', function () {
  this.timeout(60_000);
  after(closeEngines);

  it('keeps a version from being loaded, and from replacing another', async () => {
    const engine = await createEngine({ threads: 1 });
    const failed = collect(engine, 'plugin:reload-failed');
    const selfTest: Check = { input: 'ping', expect: { output: 'good:ping' } };
    const bad = await rejection(engine.loadPlugin('plugin', await echo(), { selfTest }));
    expect([bad.code, bad.plugin, bad.message]).to.deep.equal([
      'ERR_CHECK_FAILED',
      'plugin',
      'The plugin did not pass its self-test: expected `output` to be "good:ping", got "ping"',
    ]);
    expect(engine.listPlugins()).to.deep.equal([]);
    await engine.loadPlugin('plugin', await echo(), { selfTest, config: { prefix: 'good:' } });
    expect(await outcome(engine.reloadPlugin('plugin', undefined, { selfTest }))).to.equal('ERR_CHECK_FAILED');
    expect(failed).to.deep.equal(['plugin']);
    expect((await engine.process('plugin', { input: 'x' })).output).to.equal('good:x');
    // What was given once holds for what is reloaded without options.
    expect(await outcome(engine.reloadPlugin('plugin'))).to.equal('ok');
    expect(await outcome(engine.capabilities.grant('plugin', 'env', { name: 'HOME' }))).to.equal('ok');
  });

  it('says what it died of', async () => {
    const engine = await createEngine({ threads: 1 });
    const error = await rejection(
      engine.loadPlugin('plugin', await hostile(), {
        sandbox: { cpuTimeLimitMs: 50 },
        selfTest: { input: 'spin' },
      }),
    );
    expect(error.code).to.equal('ERR_CHECK_FAILED');
    expect((error.cause as PluginError).code).to.equal('ERR_CPU_TIME_LIMIT');
    expect(engine.status().plugins).to.equal(0);
  });

  it('passes the traffic of the version in place, also when the queue is full', async () => {
    const engine = await createEngine({ threads: 1, queueLimit: 50 });
    await engine.loadPlugin('plugin', await echo());
    let state: 'on' | 'off' = 'on' as 'on' | 'off';
    const caller = async (): Promise<void> => {
      while (state === 'on') await engine.process('plugin', { input: 'burn 1' }, { whenFull: 'wait' });
    };
    const callers = Array.from({ length: 200 }, caller);
    await engine.reloadPlugin('plugin', undefined, { selfTest: { input: 'ping' } });
    state = 'off';
    await Promise.all(callers);
  });

  it('that left requests behind leaves nothing behind', async () => {
    const engine = await createEngine({ threads: 1 });
    const left: Promise<string>[] = [];
    const selfTest: Check = (ask) => {
      for (let i = 0; i < 20; i++) left.push(outcome(ask({ input: 'burn 5' })));
      throw new Error('no');
    };
    expect(await outcome(engine.loadPlugin('plugin', await echo(), { selfTest }))).to.equal('ERR_CHECK_FAILED');
    for (const end of await Promise.all(left)) expect(end).to.be.oneOf(['ok', 'ERR_ABORTED']);
    await engine.close();
  });
});
