import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { hostile, wasi } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome, rejection } from '../support/outcome.ts';

/** Threads that keep each processor busy, so that any other gets a small part of it. */
const BURNERS = 6 * availableParallelism();

/** Runs a function while the machine is busy. */
async function whileBusy(run: () => Promise<void>): Promise<void> {
  const burners = Array.from({ length: BURNERS }, () => new Worker('for (;;);', { eval: true }));
  await Promise.all(burners.map((burner) => new Promise((resolve) => burner.once('online', resolve))));
  try {
    await run();
  } finally {
    await Promise.all(burners.map((burner) => burner.terminate()));
  }
}

describe('invariant 9: CPU time is CPU time', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(async () => {
    engine = await createEngine({ threads: 1 });
  });
  after(closeEngines);

  it('time spent blocked does not count', async () => {
    const sandbox = { cpuTimeLimitMs: 100, wallTimeLimitMs: 60_000 };
    await engine.loadPlugin('sleeper', await wasi(), { sandbox });
    const terminated = collect(engine, 'worker:terminated');
    expect((await engine.process('sleeper', { input: 'sleep 600' })).output).to.equal('slept');
    expect(terminated).to.deep.equal([]);
  });

  it('but has a limit of its own', async () => {
    const sandbox = { cpuTimeLimitMs: 100, wallTimeLimitMs: 300 };
    await engine.loadPlugin('oversleeper', await wasi(), { sandbox });
    const error = await rejection(engine.process('oversleeper', { input: 'sleep 3600000' }));
    expect([error.code, error.limit]).to.deep.equal(['ERR_WALL_TIME_LIMIT', { name: 'wallTimeLimitMs', value: 300 }]);
    expect((await engine.process('oversleeper', { input: 'sleep 1' })).output).to.equal('slept');
  });

  it('nor does the time that a request waits for others', async () => {
    // Each has many times what it sleeps, which a busy machine may take; together they wait for longer than that.
    const sandbox = { cpuTimeLimitMs: 100, wallTimeLimitMs: 1500 };
    await engine.loadPlugin('patient', await wasi(), { sandbox });
    const requests = Array.from({ length: 60 }, () => outcome(engine.process('patient', { input: 'sleep 80' })));
    expect(new Set(await Promise.all(requests))).to.deep.equal(new Set(['ok']));
  });

  it('nor does the time that a busy machine takes', async () => {
    const sandbox = { cpuTimeLimitMs: 300, wallTimeLimitMs: 60_000 };
    await engine.loadPlugin('unlucky', await hostile(), { sandbox });
    const burn = async (millions: number): Promise<number> => {
      const begin = performance.now();
      await engine.process('unlucky', { input: `burn ${millions}` });
      return performance.now() - begin;
    };
    await burn(1);
    // A third of the limit on a machine that is not busy.
    const millions = Math.ceil((60 * 100) / (await burn(60)));
    await whileBusy(async () => {
      // Until one took longer than its limit: only then has the machine been busy enough to tell.
      while ((await burn(millions)) < sandbox.cpuTimeLimitMs);
    });
  });

  it('and on a busy machine, too, what uses it up is ended', async () => {
    await engine.loadPlugin('greedy', await hostile(), { sandbox: { cpuTimeLimitMs: 100 } });
    await whileBusy(async () => {
      const error = await rejection(engine.process('greedy', { input: 'spin' }));
      expect([error.code, error.limit]).to.deep.equal(['ERR_CPU_TIME_LIMIT', { name: 'cpuTimeLimitMs', value: 100 }]);
    });
  });
});
