import { expect } from 'chai';
import { PING } from '../../src/health/health-check.ts';
import { corePlugin } from '../fixtures/core-plugin.ts';
import { echo, hostile, wasi, worlds } from '../fixtures/guests.ts';
import { closeEngines, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';
import { plugin } from '../support/wat.ts';

describe('engine.healthCheck', function () {
  this.timeout(60_000);
  after(closeEngines);

  it('asks every plugin, and says why one is not well', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('well', await echo(), { version: '1.2.3' });
    await engine.loadPlugin('small', await worlds.pluginV1());
    await engine.loadPlugin('spins', await hostile(), {
      sandbox: { cpuTimeLimitMs: 50 },
      healthCheck: { input: 'spin' },
    });
    await engine.loadPlugin('traps', await hostile(), { healthCheck: { input: 'unreachable' } });
    await engine.loadPlugin('wrong', await echo(), { healthCheck: { input: 'a', expect: { output: 'b' } } });
    await engine.loadPlugin('refuses', await echo(), { healthCheck: { input: 'fail' } });
    await engine.loadPlugin('should refuse', await echo(), {
      healthCheck: { input: 'fail', expect: { success: false, errorMessage: 'asked to fail' } },
    });
    await engine.loadPlugin('function', await echo(), {
      healthCheck: async (ask) => (await ask({ input: 'a' })).output === 'a',
    });
    const report = await engine.healthCheck();
    expect(report.map(({ plugin, status, error }) => [plugin, status, error?.code])).to.deep.equal([
      ['well', 'healthy', undefined],
      ['small', 'healthy', undefined],
      ['spins', 'unhealthy', 'ERR_CPU_TIME_LIMIT'],
      ['traps', 'unhealthy', 'ERR_TRAP'],
      ['wrong', 'unhealthy', 'ERR_CHECK_FAILED'],
      ['refuses', 'unhealthy', 'ERR_CHECK_FAILED'],
      ['should refuse', 'healthy', undefined],
      ['function', 'healthy', undefined],
    ]);
    expect(report[0]?.version).to.equal('1.2.3');
    expect(report[0]?.latencyMs).to.be.above(0);
    expect(report[4]?.error?.message).to.equal(
      'The plugin did not pass its health check: expected `output` to be "b", got "a"',
    );
    expect([report[4]?.error?.plugin, report[4]?.error?.version]).to.deep.equal(['wrong', report[4]?.version]);
    expect(await engine.healthCheck()).to.have.length(8);
  });

  it('takes any answer to the ping, also one that says no', async () => {
    const engine = await createEngine({ threads: 1 });
    const refuses = plugin(corePlugin((text) => ({ process: `(call $error ${text.at('no such input')})` })));
    await engine.loadPlugin('plugin', await refuses);
    expect((await engine.process('plugin', { input: PING })).success).to.equal(false);
    const [health] = await engine.healthCheck();
    expect([health?.status, health?.error]).to.deep.equal(['healthy', undefined]);
  });

  it('asks at once, and ahead of what is queued', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await echo());
    const controller = new AbortController();
    const { signal } = controller;
    let done = 0;
    const backlog = Array.from({ length: 5000 }, () =>
      engine.process('plugin', { input: 'burn 1' }, { signal }).then(() => done++),
    );
    await engine.healthCheck({ deadlineMs: 60_000 });
    expect(done).to.be.below(5000);
    controller.abort();
    await Promise.allSettled(backlog);
    // Not one after the other: together they take less than all of their times.
    const names = ['a', 'b', 'c'];
    for (const name of names) await engine.loadPlugin(name, await wasi(), { healthCheck: { input: 'sleep 500' } });
    const begun = performance.now();
    const report = await engine.healthCheck();
    const longest = performance.now() - begun;
    const sum = report.reduce((total, { latencyMs }) => total + latencyMs, 0);
    expect(report.filter(({ status }) => status === 'healthy').length).to.equal(4);
    expect(sum).to.be.above(longest);
  });

  it('waits for nobody longer than its deadline', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('sleeps', await wasi(), { healthCheck: { input: 'sleep 60000' } });
    await engine.loadPlugin('hangs', await echo(), { healthCheck: () => new Promise(() => {}) });
    await engine.loadPlugin('well', await echo());
    const report = await engine.healthCheck({ deadlineMs: 300 });
    expect(report.map(({ plugin, error }) => [plugin, error?.code])).to.deep.equal([
      ['sleeps', 'ERR_DEADLINE'],
      ['hangs', 'ERR_DEADLINE'],
      ['well', undefined],
    ]);
  });

  it('does not take the word of a fallback, and may be what closes the circuit', async () => {
    const engine = await createEngine({ threads: 1 });
    const failurePolicy = { maxFailures: 1, backoffMs: 1, fallback: 'old' };
    await engine.loadPlugin('plugin', await hostile(), { failurePolicy });
    await engine.loadPlugin('old', await echo());
    const closed = nextEvent(engine, 'circuit:closed');
    await outcome(engine.process('plugin', { input: 'unreachable' }));
    let status: string | undefined;
    const codes = new Set<string | undefined>();
    while (status !== 'healthy') {
      const [health] = await engine.healthCheck();
      status = health?.status;
      codes.add(health?.error?.code);
    }
    codes.delete('ERR_PLUGIN_QUARANTINED');
    expect([...codes]).to.deep.equal([undefined]);
    expect((await closed)[0].plugin).to.equal('plugin');
  });

  it('does not take the word of a fallback when the circuit opens while it waits', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('old', await echo());
    await engine.loadPlugin('plugin', await hostile(), {
      sandbox: { cpuTimeLimitMs: 100 },
      failurePolicy: { maxFailures: 1, backoffMs: 60_000, fallback: 'old' },
    });
    const spinning = outcome(engine.process('plugin', { input: 'spin' }));
    await until(() => engine.status().threads.busy === 1);
    const report = await engine.healthCheck();
    expect(report.map(({ plugin, error }) => [plugin, error?.code])).to.deep.equal([
      ['old', undefined],
      ['plugin', 'ERR_PLUGIN_QUARANTINED'],
    ]);
    await spinning;
  });

  for (const what of ['unloads', 'reloads', 'closes'] as const) {
    it(`says at once that a version is gone, where somebody ${what} meanwhile`, async () => {
      const engine = await createEngine({ threads: 1 });
      const answers: string[] = [];
      await engine.loadPlugin('plugin', await echo(), {
        version: '1',
        healthCheck: async (ask) => {
          answers.push(await outcome(ask({ input: 'a' })));
          if (what === 'unloads') await engine.unloadPlugin('plugin');
          else if (what === 'reloads') await engine.reloadPlugin('plugin', undefined, { version: '1' });
          else await engine.close();
          await ask({ input: 'b' });
        },
      });
      const [health] = await engine.healthCheck({ deadlineMs: 20_000 });
      expect([health?.status, health?.error?.code, ...answers]).to.deep.equal([
        'unhealthy',
        'ERR_PLUGIN_NOT_FOUND',
        'ok',
      ]);
      expect(health?.error?.message).to.equal('The version `1` was unloaded or replaced during the health check');
    });
  }

  it('checks its options', async () => {
    const engine = await createEngine({ threads: 1 });
    expect(await engine.healthCheck()).to.deep.equal([]);
    expect(await outcome(engine.healthCheck({ deadlineMs: 0 }))).to.equal('ERR_INVALID_ARGUMENT');
    expect(await outcome(engine.healthCheck({ deadline: 1 } as object))).to.equal('ERR_INVALID_ARGUMENT');
    const bad = { healthCheck: { input: 1 } } as never;
    expect(await outcome(engine.loadPlugin('plugin', await echo(), bad))).to.equal('ERR_INVALID_ARGUMENT');
    await engine.close();
    expect(await outcome(engine.healthCheck())).to.equal('ERR_ENGINE_CLOSED');
  });
});
