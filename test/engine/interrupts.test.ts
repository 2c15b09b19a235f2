import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { AREA, corePlugin, guest } from '../fixtures/core-plugin.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, ISOLATION } from '../support/engine.ts';
import { rejection, seeded, until } from '../support/outcome.ts';
import { plugin } from '../support/wat.ts';

const SANDBOX: Policy = { interrupt: 'trap', cpuTimeLimitMs: 50 };

/** Under jco's glue there are no checks, and a child's threads are not this engine's to count. */
const HAS_CHECKS = process.env.TEST_BINDING !== 'glue' && ISOLATION === 'none';

/**
 * Answers with how often its instance was called. A digit has it work before that, the longer the larger it is, and
 * without coming to a check: so it is still answered after it was told to end.
 */
const late = guest(() =>
  plugin(
    corePlugin({
      memory: '200',
      definitions: '(global $calls (mut i32) (i32.const 0))',
      process: `(local $bytes i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (i32.ne (i32.load8_u (local.get $p)) (i32.const 0x78)) (then
          (local.set $bytes
            (i32.mul (i32.sub (i32.load8_u (local.get $p)) (i32.const 0x30)) (i32.const 1500000)))
          ${'(memory.fill (i32.const 65536) (i32.const 1) (local.get $bytes))'.repeat(1_200)}))
        (i32.store8 (i32.const 600) (i32.add (i32.const 0x30) (global.get $calls)))
        (call $ok (i32.const 600) (i32.const 1))`,
      // A function would have a check.
      postProcess: `(global.set $heap (i32.const ${AREA.heap}))`,
    }),
  ),
);

describe('calls that are interrupted', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  let terminated: unknown[];
  before(function () {
    if (!HAS_CHECKS) this.skip();
  });
  beforeEach(async () => {
    engine = await createEngine({ threads: 1 });
    terminated = collect(engine, 'worker:terminated');
    await engine.loadPlugin('good', await echo());
  });
  afterEach(closeEngines);

  const made = (plugin: string): number => {
    const found = engine.metrics.snapshot().plugins.find((entry) => entry.plugin === plugin);
    return found!.instancesMade;
  };

  for (const [what, arm, command] of [
    ['in process', undefined, 'spin'],
    ['in post-return', undefined, 'post-spin'],
    ['while the host allocates', 'realloc-spin', 'hello'],
    ['between calls of the host', undefined, 'spin-host'],
  ] as const) {
    it(`lose their instance and nothing else: ${what}`, async () => {
      await engine.loadPlugin('bad', await hostile(), { sandbox: { ...SANDBOX, maxHostCalls: 1e9 } });
      await engine.process('good', { input: 'before' });
      const before = made('good');
      if (arm !== undefined) await engine.process('bad', { input: arm });
      const error = await rejection(engine.process('bad', { input: command }));
      expect([error.code, error.began, error.limit]).to.deep.equal([
        'ERR_CPU_TIME_LIMIT',
        true,
        { name: 'cpuTimeLimitMs', value: 50 },
      ]);
      expect((await engine.process('bad', { input: 'again' })).output).to.equal('again');
      expect((await engine.process('good', { input: 'after' })).output).to.equal('after');
      expect(terminated).to.deep.equal([]);
      expect(made('good')).to.equal(before);
      const { interrupts, workerKills } = engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === 'bad')!;
      expect({ interrupts, workerKills }).to.deep.equal({ interrupts: { ERR_CPU_TIME_LIMIT: 1 }, workerKills: {} });
    });
  }

  it('are those of a load as well', async () => {
    const loading = engine.loadPlugin('bad', await hostile(), { sandbox: SANDBOX, config: { initialize: 'spin' } });
    const error = await rejection(loading);
    expect([error.code, (error.cause as { code?: string }).code]).to.deep.equal([
      'ERR_INITIALIZE_FAILED',
      'ERR_CPU_TIME_LIMIT',
    ]);
    expect((await engine.process('good', { input: 'after' })).output).to.equal('after');
    expect(terminated).to.deep.equal([]);
  });

  it('are those of a shutdown as well, after a request that has its answer', async () => {
    const sandbox = { ...SANDBOX, instances: 'fresh' } as const;
    await engine.loadPlugin('bad', await hostile(), { sandbox, config: { shutdown: 'spin' } });
    for (const input of ['one', 'two']) expect((await engine.process('bad', { input })).output).to.equal(input);
    expect((await engine.process('good', { input: 'after' })).output).to.equal('after');
    await engine.unloadPlugin('bad');
    expect(terminated).to.deep.equal([]);
  });

  it('are those of records in a block as well, whose neighbours run', async () => {
    await engine.loadPlugin('bad', await hostile(), { sandbox: SANDBOX });
    const inputs = ['a', 'spin', 'b', 'spin', 'c'];
    const results = await engine.processMany(
      'bad',
      inputs.map((input) => ({ input })),
    );
    expect(results.map((result) => (result.ok ? result.output : result.error.code))).to.deep.equal([
      'a',
      'ERR_CPU_TIME_LIMIT',
      'b',
      'ERR_CPU_TIME_LIMIT',
      'c',
    ]);
    expect(terminated).to.deep.equal([]);
  });

  it('leave no instance behind for the next record where each has a fresh one', async () => {
    const sandbox: Policy = { interrupt: 'trap', wallTimeLimitMs: 100, instances: 'fresh' };
    await engine.loadPlugin('bad', await late(), { sandbox });
    // Which of them are told to end while they work, and are done before their thread has to go, is the machine's to say.
    const inputs = [2, 3, 4, 5, 6, 7].flatMap((size) => [`${size}`, 'x']);
    const results = await engine.processMany(
      'bad',
      inputs.map((input) => ({ input })),
    );
    const answers = results.flatMap((result) => (result.ok ? [result.output] : []));
    expect(answers).to.deep.equal(Array(answers.length).fill('1'));
  });

  it('are those that their callers give up', async () => {
    await engine.loadPlugin('bad', await hostile(), { sandbox: { interrupt: 'trap' } });
    const tooLate = await rejection(engine.process('bad', { input: 'spin' }, { deadlineMs: 30 }));
    const controller = new AbortController();
    const aborted = rejection(engine.process('bad', { input: 'spin' }, { signal: controller.signal }));
    await until(() => engine.status().queued === 0);
    controller.abort();
    expect([tooLate.code, (await aborted).code]).to.deep.equal(['ERR_DEADLINE', 'ERR_ABORTED']);
    const unloaded = rejection(engine.process('bad', { input: 'spin' }));
    await engine.process('good', { input: 'meanwhile' });
    await engine.unloadPlugin('bad', { force: true });
    expect((await unloaded).code).to.equal('ERR_PLUGIN_NOT_FOUND');
    expect((await engine.process('good', { input: 'after' })).output).to.equal('after');
    expect(terminated).to.deep.equal([]);
  });

  it('cost their thread where they come to no check', async () => {
    await engine.loadPlugin('bad', await hostile(), { sandbox: { interrupt: 'terminate', cpuTimeLimitMs: 50 } });
    await rejection(engine.process('bad', { input: 'spin' }));
    expect(terminated.length).to.equal(1);
  });

  it('are no others than those that were given up', async () => {
    await engine.loadPlugin('bad', await hostile(), { sandbox: { interrupt: 'trap' } });
    const random = seeded(16);
    const good = Array.from({ length: 12 }, (_, index) => `n${index}`);
    for (let round = 0; round < 25; round++) {
      const lost = rejection(engine.process('bad', { input: 'spin' }, { deadlineMs: 8 + random.below(20) }));
      const answers = await Promise.all(good.map((input) => engine.process('bad', { input })));
      expect(answers.map(({ output }) => output)).to.deep.equal(good);
      expect((await lost).code).to.equal('ERR_DEADLINE');
    }
    const { interrupts } = engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === 'bad')!;
    expect(interrupts.ERR_DEADLINE).to.be.above(0);
    expect(terminated).to.deep.equal([]);
  });
});
