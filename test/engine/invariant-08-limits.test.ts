import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { hostile, lifecycle, wasi } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection } from '../support/outcome.ts';
import { stuckRealloc } from './fixtures/stuck-realloc.ts';

/** Each limit, with a command that goes over it. */
const LIMITS: readonly {
  readonly limit: keyof Policy;
  readonly code: string;
  readonly guest: typeof hostile;
  readonly command: string;
  readonly sandbox: Policy;
}[] = [
  {
    limit: 'cpuTimeLimitMs',
    code: 'ERR_CPU_TIME_LIMIT',
    guest: hostile,
    command: 'spin',
    sandbox: { cpuTimeLimitMs: 60 },
  },
  {
    limit: 'wallTimeLimitMs',
    code: 'ERR_WALL_TIME_LIMIT',
    guest: wasi,
    command: 'sleep 3600000',
    // Long against making an instance on a busy machine, which is measured too.
    sandbox: { wallTimeLimitMs: 1000 },
  },
  {
    limit: 'maxHostCalls',
    code: 'ERR_HOST_CALL_LIMIT',
    guest: hostile,
    command: 'spin-host',
    sandbox: { maxHostCalls: 1000 },
  },
  {
    limit: 'maxStackBytes',
    code: 'ERR_STACK_OVERFLOW',
    guest: hostile,
    command: 'stack',
    sandbox: { maxStackBytes: 1024 * 1024, maxOutputBytes: 1024 * 1024 },
  },
];

describe('invariant 8: limits cover every way into the guest', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  let names = 0;
  before(async () => {
    engine = await createEngine({ threads: 1 });
  });
  after(closeEngines);

  for (const { limit, code, guest, command, sandbox } of LIMITS) {
    const value = sandbox[limit];
    describe(limit, () => {
      it('process', async () => {
        const name = `p${++names}`;
        await engine.loadPlugin(name, await guest(), { sandbox });
        const error = await rejection(engine.process(name, { input: command }));
        expect([error.code, error.limit]).to.deep.equal([code, { name: limit, value }]);
        expect(error.message).to.include(String(value));
        expect(error.hint).to.include(limit);
        await engine.unloadPlugin(name);
      });

      it('initialize', async () => {
        const name = `p${++names}`;
        const error = await rejection(
          engine.loadPlugin(name, await guest(), { sandbox, config: { initialize: command } }),
        );
        expect([error.code, error.limit]).to.deep.equal(['ERR_INITIALIZE_FAILED', { name: limit, value }]);
        expect(error.message).to.include('initialize').and.to.include(String(value));
        const cause = error.cause as PluginError;
        expect(cause).to.be.instanceOf(PluginError);
        expect([cause.code, cause.limit]).to.deep.equal([code, { name: limit, value }]);
      });

      it('shutdown', async () => {
        const name = `p${++names}`;
        await engine.loadPlugin(name, await guest(), { sandbox, config: { shutdown: command } });
        const terminated = collect(engine, 'worker:terminated');
        await engine.process(name, { input: 'hello' });
        await engine.unloadPlugin(name);
        // Only what does not end by itself takes its thread with it.
        const killed = limit === 'cpuTimeLimitMs' || limit === 'wallTimeLimitMs';
        expect(terminated.map((one) => [one.plugin, one.code, one.requestId])).to.deep.equal(
          killed ? [[name, code, undefined]] : [],
        );
      });
    });
  }

  const sandbox: Policy = { cpuTimeLimitMs: 60 };
  for (const [phase, guest] of [
    ['instantiate', lifecycle.startSpins],
    ['initialize', lifecycle.initializeSpins],
    ['get-metadata', lifecycle.metadataSpins],
  ] as const) {
    it(`CPU time in ${phase}`, async () => {
      const error = await rejection(engine.loadPlugin(`p${++names}`, await guest(), { sandbox }));
      expect([error.code, error.limit]).to.deep.equal(['ERR_INITIALIZE_FAILED', { name: 'cpuTimeLimitMs', value: 60 }]);
      expect(error.message).to.include(`\`${phase}\``).and.to.include('60 ms');
      expect(error.cause).to.be.instanceOf(PluginError).and.to.include({ code: 'ERR_CPU_TIME_LIMIT' });
    });
  }

  for (const [place, guest] of [
    ['cabi_realloc', stuckRealloc],
    ['post-return', lifecycle.postReturnSpins],
  ] as const) {
    it(`CPU time in ${place}`, async () => {
      const name = `p${++names}`;
      await engine.loadPlugin(name, await guest(), { sandbox });
      const error = await rejection(engine.process(name, { input: 'x' }));
      expect([error.code, error.limit]).to.deep.equal(['ERR_CPU_TIME_LIMIT', { name: 'cpuTimeLimitMs', value: 60 }]);
      await engine.unloadPlugin(name);
    });
  }

  it('CPU time in cabi_realloc for the configuration', async () => {
    const error = await rejection(
      engine.loadPlugin(`p${++names}`, await stuckRealloc(), { sandbox, config: { key: 'value' } }),
    );
    expect([error.code, error.limit?.name]).to.deep.equal(['ERR_INITIALIZE_FAILED', 'cpuTimeLimitMs']);
  });

  it('the shutdown after each request of a fresh instance, whose result is out before', async () => {
    const name = `p${++names}`;
    await engine.loadPlugin(name, await hostile(), {
      sandbox: { ...sandbox, instances: 'fresh' },
      config: { shutdown: 'spin' },
    });
    const terminated = nextEvent(engine, 'worker:terminated', ({ plugin }) => plugin === name);
    expect((await engine.process(name, { input: 'answer' })).output).to.equal('answer');
    const [{ code, requestId }] = await terminated;
    expect([code, requestId]).to.deep.equal(['ERR_CPU_TIME_LIMIT', undefined]);
    await engine.unloadPlugin(name);
  });

  it('each call by itself: many requests take longer together', async () => {
    const name = `p${++names}`;
    await engine.loadPlugin(name, await hostile(), { sandbox: { cpuTimeLimitMs: 200 } });
    const burns = Array.from({ length: 30 }, () => outcome(engine.process(name, { input: 'burn 10' })));
    expect(new Set(await Promise.all(burns))).to.deep.equal(new Set(['ok']));
    await engine.unloadPlugin(name);
  });
});
