import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { PluginError } from '../../src/errors.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { echo, hostile, lifecycle, wasi } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection, until } from '../support/outcome.ts';
import { stuckRealloc } from './fixtures/stuck-realloc.ts';
import { witness } from './fixtures/witness.ts';

/** A limit that ends a stuck guest soon, and one that leaves that to whoever is being tested. */
const SOON: Policy = { cpuTimeLimitMs: 60, wallTimeLimitMs: 60_000 };
const LATE: Policy = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };

/** What goes wrong during a request. `stuck` is an input with which the same guest never returns. */
const FAULTS = [
  { fault: 'spin', guest: hostile, input: 'spin', code: 'ERR_CPU_TIME_LIMIT', stuck: 'spin' },
  { fault: 'spin in bulk instructions', guest: hostile, input: 'spin-fill', code: 'ERR_CPU_TIME_LIMIT', stuck: 'spin' },
  { fault: 'trap', guest: hostile, input: 'unreachable', code: 'ERR_TRAP', stuck: 'spin' },
  { fault: 'out of memory', guest: witness, input: 'm', code: 'ERR_MEMORY_LIMIT', stuck: 's' },
  { fault: 'exit', guest: wasi, input: 'exit 1', code: 'ERR_TRAP', stuck: 'sleep 3600000' },
  { fault: 'stack overflow', guest: hostile, input: 'stack', code: 'ERR_STACK_OVERFLOW', stuck: 'spin' },
  { fault: 'broken answer', guest: hostile, input: 'bad-pointer', code: 'ERR_INVALID_RESPONSE', stuck: 'spin' },
  { fault: 'stuck cabi_realloc', guest: stuckRealloc, input: 'x', code: 'ERR_CPU_TIME_LIMIT', stuck: 'x' },
  { fault: 'stuck post-return', guest: lifecycle.postReturnSpins, input: 'x', code: 'ERR_CPU_TIME_LIMIT', stuck: 'x' },
] as const;

/** What goes wrong before the first request: during instantiation, `initialize` or `get-metadata`. */
const FAILED_STARTS = [
  { fault: 'stuck start function', guest: lifecycle.startSpins, limit: 'cpuTimeLimitMs' },
  { fault: 'stuck initialize', guest: lifecycle.initializeSpins, limit: 'cpuTimeLimitMs' },
  { fault: 'stuck get-metadata', guest: lifecycle.metadataSpins, limit: 'cpuTimeLimitMs' },
  { fault: 'trapping start function', guest: lifecycle.startTraps, limit: undefined },
  { fault: 'trapping initialize', guest: lifecycle.initializeTraps, limit: undefined },
  { fault: 'refusing initialize', guest: lifecycle.initializeErrs, limit: undefined },
] as const;
const STUCK_STARTS = FAILED_STARTS.filter(({ limit }) => limit !== undefined);

/** What goes wrong when an instance is dropped; nobody's request fails by it. */
const FAILED_ENDS = [
  { fault: 'stuck shutdown', guest: lifecycle.shutdownSpins, killed: true },
  { fault: 'trapping shutdown', guest: lifecycle.shutdownTraps, killed: false },
  { fault: 'refusing shutdown', guest: lifecycle.shutdownErrs, killed: false },
] as const;

describe('invariant 1: a request settles exactly once, and always', function () {
  this.timeout(60_000);
  let names = 0;
  let engine: PluginEngine;

  /** An engine of one thread at work, with an innocent plugin. */
  async function withBystander(): Promise<PluginEngine> {
    const made = await createEngine({ threads: 1 });
    await made.loadPlugin('bystander', await echo());
    return made;
  }
  const ask = (on: PluginEngine, count: number): Promise<unknown>[] =>
    Array.from({ length: count }, (_, i) => on.process('bystander', { input: `hello ${i}` }));
  const running = (on: PluginEngine): Promise<void> => until(() => on.status().queued === 0);

  before(async () => {
    engine = await withBystander();
  });
  after(closeEngines);

  for (const { fault, guest, input, code, stuck } of FAULTS) {
    describe(fault, () => {
      let name: string;
      const fails = async (promise: Promise<unknown>, id: string, expected: string = code): Promise<PluginError> => {
        const error = await rejection(promise);
        expect([error.code, error.plugin, error.requestId], id).to.deep.equal([expected, name, id]);
        return error;
      };
      beforeEach(() => {
        name = `plugin-${++names}`;
      });

      it('queued', async () => {
        await engine.loadPlugin(name, await guest(), { sandbox: SOON });
        const before = ask(engine, 20);
        const failed = engine.process(name, { input }, { requestId: 'faulty' });
        const after = ask(engine, 20);
        await fails(failed, 'faulty');
        await Promise.all([...before, ...after]);
        await engine.unloadPlugin(name);
      });

      it('running', async () => {
        await engine.loadPlugin(name, await guest(), { sandbox: SOON });
        const failed = engine.process(name, { input }, { requestId: 'faulty' });
        const check = fails(failed, 'faulty');
        await running(engine);
        await Promise.all(ask(engine, 20));
        await check;
        await engine.unloadPlugin(name);
      });

      it('reloading', async () => {
        await engine.loadPlugin(name, await guest(), { sandbox: SOON });
        const failed = Array.from({ length: 2 }, (_, i) => engine.process(name, { input }, { requestId: `f${i}` }));
        const checks = failed.map((promise, i) => fails(promise, `f${i}`));
        const reload = engine.reloadPlugin(name);
        await Promise.all([...ask(engine, 20), ...checks, reload]);
        await engine.unloadPlugin(name);
      });

      it('unloading', async () => {
        await engine.loadPlugin(name, await guest(), { sandbox: SOON });
        const failed = Array.from({ length: 2 }, (_, i) => engine.process(name, { input }, { requestId: `f${i}` }));
        const checks = failed.map((promise, i) => fails(promise, `f${i}`));
        const unload = engine.unloadPlugin(name);
        await Promise.all([...ask(engine, 20), ...checks, unload]);
        expect(await outcome(engine.process(name, { input }))).to.equal('ERR_PLUGIN_NOT_FOUND');
      });

      it('unloading by force', async () => {
        await engine.loadPlugin(name, await guest(), { sandbox: LATE });
        const blocker = fails(
          engine.process(name, { input: stuck }, { requestId: 'stuck' }),
          'stuck',
          'ERR_PLUGIN_NOT_FOUND',
        );
        await running(engine);
        const queued = fails(
          engine.process(name, { input }, { requestId: 'queued' }),
          'queued',
          'ERR_PLUGIN_NOT_FOUND',
        );
        await Promise.all([engine.unloadPlugin(name, { force: true }), blocker, queued, ...ask(engine, 20)]);
      });

      it('closing', async () => {
        const closing = await withBystander();
        await closing.loadPlugin(name, await guest(), { sandbox: SOON });
        const failed = Array.from({ length: 2 }, (_, i) => closing.process(name, { input }, { requestId: `f${i}` }));
        const checks = failed.map((promise, i) => fails(promise, `f${i}`));
        const others = ask(closing, 20);
        const closed = closing.close();
        expect(await outcome(closing.process(name, { input }))).to.equal('ERR_ENGINE_CLOSED');
        await Promise.all([...checks, ...others, closed]);
      });

      it('closing by force', async () => {
        const closing = await withBystander();
        await closing.loadPlugin(name, await guest(), { sandbox: LATE });
        const blocker = fails(
          closing.process(name, { input: stuck }, { requestId: 'stuck' }),
          'stuck',
          'ERR_ENGINE_CLOSED',
        );
        await running(closing);
        const queued = fails(closing.process(name, { input }, { requestId: 'queued' }), 'queued', 'ERR_ENGINE_CLOSED');
        await Promise.all([closing.close({ force: true }), blocker, queued]);
      });
    });
  }

  for (const { fault, guest, limit } of FAILED_STARTS) {
    describe(fault, () => {
      let name: string;
      const refused = async (promise: Promise<unknown>): Promise<void> => {
        const error = await rejection(promise);
        expect([error.code, error.plugin, error.limit?.name]).to.deep.equal(['ERR_INITIALIZE_FAILED', name, limit]);
      };
      beforeEach(() => {
        name = `plugin-${++names}`;
      });

      it('loading, while others run', async () => {
        const check = refused(engine.loadPlugin(name, await guest(), { sandbox: SOON }));
        await Promise.all([check, ...ask(engine, 50)]);
        expect(await outcome(engine.process(name, { input: '' }))).to.equal('ERR_PLUGIN_NOT_FOUND');
      });

      it('reloading, and the version that works stays', async () => {
        await engine.loadPlugin(name, await echo(), { sandbox: SOON });
        const requests = Array.from({ length: 20 }, () => engine.process(name, { input: 'old' }));
        const failure = nextEvent(engine, 'plugin:reload-failed', (plugin) => plugin === name);
        await refused(engine.reloadPlugin(name, await guest()));
        expect((await failure)[1].code).to.equal('ERR_INITIALIZE_FAILED');
        await Promise.all(requests);
        expect((await engine.process(name, { input: 'still' })).output).to.equal('still');
        await engine.unloadPlugin(name);
      });

      it('unloading what did not come up', async () => {
        const load = refused(engine.loadPlugin(name, await guest(), { sandbox: SOON }));
        const unload = rejection(engine.unloadPlugin(name));
        await load;
        expect((await unload).code).to.equal('ERR_PLUGIN_NOT_FOUND');
      });

      it('closing', async () => {
        const closing = await withBystander();
        const load = refused(closing.loadPlugin(name, await guest(), { sandbox: SOON }));
        await Promise.all([closing.close(), load]);
      });
    });
  }

  for (const { fault, guest } of STUCK_STARTS) {
    it(`${fault}: closing by force`, async () => {
      const closing = await withBystander();
      const load = rejection(closing.loadPlugin('stuck', await guest(), { sandbox: LATE }));
      await until(() => closing.status().threads.busy > 0 && closing.status().queued === 0);
      await closing.close({ force: true });
      expect((await load).code).to.equal('ERR_ENGINE_CLOSED');
    });
  }

  for (const { fault, guest, killed } of FAILED_ENDS) {
    describe(fault, () => {
      const expected = killed ? ['ERR_CPU_TIME_LIMIT'] : [];
      const codes = (name: string): string[] =>
        terminated.filter(({ plugin }) => plugin === name).map(({ code, requestId }) => `${code}${requestId ?? ''}`);
      let terminated: ReturnType<typeof collect<'worker:terminated'>>;
      let name: string;
      before(() => {
        terminated = collect(engine, 'worker:terminated');
      });
      beforeEach(async () => {
        name = `plugin-${++names}`;
        await engine.loadPlugin(name, await guest(), { sandbox: SOON });
        expect((await engine.process(name, { input: 'hello' })).output).to.equal('hello');
      });

      it('unloading', async () => {
        await Promise.all([engine.unloadPlugin(name), ...ask(engine, 20)]);
        expect(codes(name)).to.deep.equal(expected);
      });

      it('reloading', async () => {
        const requests = Array.from({ length: 10 }, () => engine.process(name, { input: 'hello' }));
        await Promise.all([engine.reloadPlugin(name, await echo()), ...requests]);
        expect((await engine.process(name, { input: 'new' })).output).to.equal('new');
        await Promise.all([engine.unloadPlugin(name), ...ask(engine, 20)]);
      });

      it('an instance for each request', async () => {
        const fresh = `${name}-fresh`;
        await engine.loadPlugin(fresh, await guest(), { sandbox: { ...SOON, instances: 'fresh' } });
        const answers = await Promise.all([1, 2, 3].map((i) => engine.process(fresh, { input: `r${i}` })));
        expect(answers.map(({ output }) => output)).to.deep.equal(['r1', 'r2', 'r3']);
        await engine.unloadPlugin(fresh);
        await engine.unloadPlugin(name);
      });

      it('closing', async () => {
        const closing = await withBystander();
        const ended = collect(closing, 'worker:terminated');
        await closing.loadPlugin(name, await guest(), { sandbox: SOON });
        const request = closing.process(name, { input: 'hello' });
        await closing.close();
        expect((await request).output).to.equal('hello');
        expect(ended.map(({ code }) => code)).to.deep.equal(expected);
        await engine.unloadPlugin(name);
      });
    });
  }
});
