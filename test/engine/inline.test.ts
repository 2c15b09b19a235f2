import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { LoadOptions, PluginEngine, PluginError, ProcessRequest } from '../../src/index.ts';
import { inlineThread } from '../../src/inline/inline-thread.ts';
import { collectGarbage } from '../../src/thread/collect-garbage.ts';
import { hostile, lifecycle, wasi } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, ISOLATION } from '../support/engine.ts';
import { isSettled, rejection } from '../support/outcome.ts';

/** Jco's glue cannot be metered. */
const RUNS_INLINE = process.env.TEST_BINDING !== 'glue' && ISOLATION === 'none';

const SANDBOX = { maxInstructions: 200_000 };
const INLINE: LoadOptions = { placement: 'inline', sandbox: SANDBOX, inlineInstructions: SANDBOX.maxInstructions };

describe('a plugin that runs on the thread of its caller', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  before(function () {
    if (!RUNS_INLINE) this.skip();
  });
  beforeEach(async () => {
    // What tests before have left behind would have workers do what is asked for here.
    for (; inlineThread.isLittered; await turn()) collectGarbage();
    engine = await createEngine();
  });
  afterEach(closeEngines);

  const load = async (options: LoadOptions = {}, name = 'near'): Promise<void> => {
    await engine.loadPlugin(name, await hostile(), { ...INLINE, ...options });
  };
  const statistics = (name = 'near') => engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === name)!;

  it('answers as in a worker, instructions included, and is counted as there', async () => {
    await load();
    await engine.loadPlugin('far', await hostile(), { sandbox: SANDBOX });
    for (const input of [
      '',
      'hello',
      'größer',
      'x'.repeat(10_000),
      'fail',
      'unreachable',
      'oob',
      'log hi',
      'option',
      'count',
    ]) {
      const request: ProcessRequest = { input, options: [['lang', 'en']] };
      const [near, far] = await Promise.allSettled([engine.process('near', request), engine.process('far', request)]);
      expect(shown(near), input).to.deep.equal(shown(far));
    }
    const [near, far] = [statistics('near'), statistics('far')];
    for (const key of ['calls', 'refused', 'errors', 'hostCalls', 'instructions', 'instancesMade'] as const) {
      expect(near[key], key).to.deep.equal(far[key]);
    }
    expect(near.memoryPeakBytes).to.equal(far.memoryPeakBytes);
    expect(engine.getPlugin('near')!.stable).to.include({ placement: 'inline' });
    expect(engine.getPlugin('far')!.stable).to.include({ placement: 'worker' });
  });

  it('has run when `process` returns', async () => {
    await load();
    const logs = collect(engine, 'plugin:log');
    const answer = engine.process('near', { input: 'flood-log 1' }, { requestId: 'mine' });
    expect(logs.map(({ plugin, requestId, message }) => ({ plugin, requestId, message }))).to.deep.equal([
      { plugin: 'near', requestId: 'mine', message: 'the same message, over and over' },
    ]);
    expect((await answer).output).to.equal('0');
  });

  it('is told of with what it said before its request settles, and a listener may ask it again', async () => {
    await load();
    const order: string[] = [];
    engine.once('plugin:log', () => {
      order.push('log');
      void engine.process('near', { input: 'again' }).then(({ output }) => order.push(output));
    });
    await engine.process('near', { input: 'flood-log 1' }).then(() => order.push('answer'));
    expect(order.slice(0, 2)).to.deep.equal(['log', 'answer']);
    await engine.unloadPlugin('near');
    expect(order).to.deep.equal(['log', 'answer', 'again']);
  });

  for (const command of ['spin', 'spin-fill', 'spin-host', 'stack']) {
    it(`ends in \`${command}\` when its budget is spent, and loses its instance`, async () => {
      await load({ inlineInstructions: 50_000 });
      const { code, limit, plugin, requestId, began } = await rejection(engine.process('near', { input: command }));
      expect({ code, plugin, began }).to.deep.equal({
        code: command === 'stack' ? code : 'ERR_INSTRUCTION_LIMIT',
        plugin: 'near',
        began: true,
      });
      if (command === 'stack') expect(code).to.be.oneOf(['ERR_INSTRUCTION_LIMIT', 'ERR_STACK_OVERFLOW']);
      else expect(limit).to.deep.equal({ name: 'inlineInstructions', value: 50_000 });
      expect(requestId).to.match(/^r-\d+$/);
      expect((await engine.process('near', { input: 'next' })).output).to.equal('next');
      expect(statistics()).to.include({ instancesMade: 2, instances: 1 });
    });
  }

  it('has no more than the `maxInstructions` of its policy, whatever the budget is', async () => {
    await load({ sandbox: { maxInstructions: 20_000 } });
    const { limit } = await rejection(engine.process('near', { input: 'spin' }));
    expect(limit).to.deep.equal({ name: 'maxInstructions', value: 20_000 });
  });

  it('moves to workers after a request that is over the budget, where `overBudget` says so', async () => {
    await load({ overBudget: 'worker', inlineInstructions: 2000 });
    const warnings = collect(engine, 'plugin:warning');
    expect((await engine.process('near', { input: 'short' })).output).to.equal('short');
    const long = { input: 'flood-config 100' };
    expect((await rejection(engine.process('near', long))).code).to.equal('ERR_INSTRUCTION_LIMIT');
    expect(warnings.map(({ plugin }) => plugin)).to.deep.equal(['near']);
    expect(engine.getPlugin('near')!.stable).to.include({ placement: 'worker' });
    const answer = engine.process('near', long);
    expect(await isSettled(answer)).to.equal(false);
    expect((await answer).output).to.equal('100');
  });

  it('is held to its memory, and to the budget of the engine', async () => {
    await load({ sandbox: { ...SANDBOX, maxMemoryBytes: 2 ** 20 } });
    expect((await engine.process('near', { input: 'grow 1000' })).output).to.equal('4294967295');
    expect((await rejection(engine.process('near', { input: 'exhaust' }))).code).to.equal('ERR_MEMORY_LIMIT');
  });

  it('waits for room as any other, where there is none for it to grow', async () => {
    const small = await createEngine({ maxTotalMemoryBytes: 48 * 2 ** 20, threads: 1 });
    const options = { ...INLINE, sandbox: { ...SANDBOX, maxMemoryBytes: 32 * 2 ** 20 } };
    for (const name of ['one', 'two', 'three']) await small.loadPlugin(name, await hostile(), options);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, at) => small.process(['one', 'two', 'three'][at % 3]!, { input: `grow ${100}` })),
    );
    expect(answers).to.have.length(30);
  });

  it('does not sleep', async () => {
    await engine.loadPlugin('near', await wasi(), INLINE);
    const { code, limit } = await rejection(engine.process('near', { input: 'sleep 10000' }));
    expect({ code, limit }).to.deep.equal({
      code: 'ERR_WALL_TIME_LIMIT',
      limit: { name: 'wallTimeLimitMs', value: 0 },
    });
    expect((await engine.process('near', { input: 'next' })).output).to.equal('next');
  });

  it('gets a new instance for each request, or for so many, if its policy says so', async () => {
    await load({ sandbox: { ...SANDBOX, instances: 'fresh' } });
    await load({ sandbox: { ...SANDBOX, maxRequestsPerInstance: 2 } }, 'few');
    for (let request = 0; request < 4; request++) {
      for (const plugin of ['near', 'few']) await engine.process(plugin, { input: 'x' });
    }
    expect(statistics().instancesMade - statistics().instances).to.equal(4);
    expect(statistics('few').instancesMade - statistics('few').instances).to.equal(2);
  });

  it('is shut down when it is unloaded, and when the engine is closed', async () => {
    const said = collect(engine, 'plugin:event');
    for (const name of ['one', 'two']) await engine.loadPlugin(name, await lifecycle.shutdownEmits(), INLINE);
    await Promise.all(['one', 'two'].map((name) => engine.process(name, { input: '' })));
    await engine.unloadPlugin('one');
    expect(said.map(({ plugin }) => plugin)).to.deep.equal(['one']);
    await engine.close();
    expect(said.map(({ plugin }) => plugin)).to.deep.equal(['one', 'two']);
  });

  it('does not come up when it spins at its start, and leaves nothing behind', async () => {
    for (const guest of ['initializeSpins', 'startSpins', 'initializeErrs'] as const) {
      const { code } = await rejection(engine.loadPlugin(guest, await lifecycle[guest](), INLINE));
      expect(code, guest).to.equal('ERR_INITIALIZE_FAILED');
    }
    expect(engine.listPlugins()).to.deep.equal([]);
  });

  it('is replaced without losing a request, and shares them with a canary', async () => {
    await load({ version: '1.0.0' });
    const answers = Array.from({ length: 100 }, (_, at) => engine.process('near', { input: `${at}` }));
    const reloaded = engine.reloadPlugin('near', await hostile(), { ...INLINE, version: '2.0.0' });
    for (let at = 100; at < 200; at++) answers.push(engine.process('near', { input: `${at}` }));
    await reloaded;
    expect((await Promise.all(answers)).map(({ output }) => Number(output))).to.deep.equal([...answers.keys()]);
    await engine.versions('near').load(await hostile(), { ...INLINE, version: '3.0.0' });
    engine.versions('near').deployCanary('3.0.0', 50);
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => engine.process('near', { input: 'x' }, { requestId: `${at}` })),
    );
    const calls = engine.metrics.snapshot().plugins.map(({ version, calls }) => ({ version, calls }));
    const of = (version: string): number => calls.find((one) => one.version === version)!.calls;
    expect(of('2.0.0') + of('3.0.0')).to.be.at.least(100);
    expect(of('3.0.0')).to.be.within(20, 80);
  });

  it('opens its circuit when it fails over and over', async () => {
    await load({ failurePolicy: { maxFailures: 2 } });
    for (let failure = 0; failure < 2; failure++) await rejection(engine.process('near', { input: 'unreachable' }));
    expect((await rejection(engine.process('near', { input: 'x' }))).code).to.equal('ERR_PLUGIN_QUARANTINED');
  });

  it('does not begin what is given up or too late already', async () => {
    await load();
    const gone = engine.process('near', { input: 'x' }, { signal: AbortSignal.abort() });
    expect((await rejection(gone)).code).to.equal('ERR_ABORTED');
    expect((await rejection(engine.process('near', { input: 'x' }, { deadlineMs: -1 }))).code).to.equal('ERR_DEADLINE');
    expect(statistics().calls).to.equal(0);
  });

  it('leaves blocks to workers', async () => {
    await load();
    const results = engine.processMany('near', [{ input: 'a' }, { input: 'b' }]);
    expect(await isSettled(results)).to.equal(false);
    expect((await results).map((result) => result.ok && result.output)).to.deep.equal(['a', 'b']);
  });

  const refusals: Record<string, LoadOptions> = {
    'has no `maxInstructions`': { placement: 'inline' },
    allowFsRead: { ...INLINE, sandbox: { ...SANDBOX, allowFsRead: ['/tmp'] } },
    allowNetwork: { ...INLINE, sandbox: { ...SANDBOX, allowNetwork: ['*:443'] } },
    '`placement`': { placement: 'here' as 'inline' },
    '`overBudget`': { overBudget: 'none' as 'trap' },
    '`inlineInstructions`': { inlineInstructions: 0 },
  };
  for (const [what, options] of Object.entries(refusals)) {
    it(`is refused where that is no good: ${what}`, async () => {
      const { code, message, hint } = await rejection(engine.loadPlugin('near', await hostile(), options));
      expect(code).to.equal('ERR_INVALID_ARGUMENT');
      expect(message).to.contain(what);
      expect(hint === undefined && what.startsWith('has')).to.equal(false);
      expect(engine.listPlugins()).to.deep.equal([]);
    });
  }

  it('is refused in an engine that keeps plugins out of the process', async () => {
    const apart = await createEngine({ isolation: 'process' });
    const { code, message } = await rejection(apart.loadPlugin('near', await hostile(), INLINE));
    expect(code).to.equal('ERR_INVALID_ARGUMENT');
    expect(message).to.contain('isolation');
  });
});

/** What came of a request, but for what tells plugins apart. */
function shown(result: PromiseSettledResult<unknown>): unknown {
  if (result.status === 'fulfilled') return result.value;
  const { code, message, trap, limit, began, backtrace } = result.reason as PluginError;
  return { code, message, trap, limit, began, backtrace };
}
