import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { FailurePolicy } from '../../src/health/failure-policy.ts';
import { resolveFailurePolicy } from '../../src/health/failure-policy.ts';
import { witness } from '../engine/fixtures/witness.ts';
import { guest } from '../fixtures/core-plugin.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection, thrown, until } from '../support/outcome.ts';
import { plugin } from '../support/wat.ts';

/** So long that no probe goes before the test is over. */
const NEVER = { backoffMs: 2 ** 31 - 1 };

/** Two components with a function in common: in the newer one it is the first. */
const newer = guest(() =>
  plugin(
    `(module
      (func (export "local:sums/sums@1.0.0#next") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "local:sums/sums@1.0.0#boom") unreachable))`,
    'newer',
    `package local:sums@1.0.0;
    interface sums { next: func(after: u32) -> u32; boom: func(); }
    world newer { export sums; }`,
  ),
);
const older = guest(() =>
  plugin(
    `(module
      (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "local:sums/sums@1.0.0#size") (param i32 i32) (result i32) (local.get 1))
      (func (export "local:sums/sums@1.0.0#next") (param i32) (result i32) (i32.add (local.get 0) (i32.const 100))))`,
    'older',
    `package local:sums@1.0.0;
    interface sums { size: func(of: list<u8>) -> u32; next: func(after: u32) -> u32; }
    world older { export sums; }`,
  ),
);

describe('failurePolicy', function () {
  this.timeout(60_000);
  after(closeEngines);

  const sandbox = { cpuTimeLimitMs: 50 };

  /** A plugin that obeys `spin`, `unreachable` and `fail`. */
  async function load(policy: FailurePolicy | undefined, options: object = {}): Promise<PluginEngine> {
    const engine = await createEngine({ threads: 1 });
    const failurePolicy = policy === undefined ? {} : { failurePolicy: policy };
    await engine.loadPlugin('plugin', await hostile(), { sandbox, ...failurePolicy, ...options });
    return engine;
  }

  const ask = (engine: PluginEngine, input: string, plugin = 'plugin'): Promise<string> =>
    outcome(engine.process(plugin, { input }));

  /** Asks once more each time that the answer is that it is too early. */
  async function probe(engine: PluginEngine, input: string): Promise<string> {
    let code = 'ERR_PLUGIN_QUARANTINED';
    while (code === 'ERR_PLUGIN_QUARANTINED') {
      code = await ask(engine, input);
      if (code === 'ERR_PLUGIN_QUARANTINED') await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return code;
  }

  describe('the circuit', () => {
    it('opens after failures in a row, and fails closed', async () => {
      const engine = await load({ maxFailures: 3, ...NEVER });
      const opened = collect(engine, 'circuit:open');
      for (let n = 0; n < 3; n++) {
        for (const input of ['unreachable', 'unreachable', 'x']) await ask(engine, input);
      }
      expect(opened).to.deep.equal([]);
      for (const input of ['unreachable', 'spin', 'unreachable']) await ask(engine, input);
      expect(opened.map(({ plugin, state, failures, code }) => [plugin, state, failures, code])).to.deep.equal([
        ['plugin', 'open', 3, 'ERR_TRAP'],
      ]);
      const error = await rejection(engine.process('plugin', { input: 'x' }, { requestId: 'r-42' }));
      expect([error.code, error.plugin, error.requestId]).to.deep.equal(['ERR_PLUGIN_QUARANTINED', 'plugin', 'r-42']);
      expect(error.message).to.match(
        /^The plugin failed 3 times in a row, last with ERR_TRAP; one may try it again in \d+ ms$/,
      );
    });

    it('does not mind answers of the plugin, nor what callers bring about', async () => {
      const engine = await load({ maxFailures: 2, ...NEVER }, { sandbox: {} });
      for (let n = 0; n < 3; n++) {
        const options = { deadlineMs: 0 };
        expect(await outcome(engine.process('plugin', { input: 'spin' }, options))).to.equal('ERR_DEADLINE');
        expect(await ask(engine, 'fail')).to.equal('ok');
        expect(await outcome(engine.process('plugin', { input: 'x' }, { signal: AbortSignal.abort() }))).to.equal(
          'ERR_ABORTED',
        );
      }
      expect(await ask(engine, 'x')).to.equal('ok');
    });

    it('opens for a plugin that hangs, though its callers wait for less than its limits', async () => {
      const engine = await load({ maxFailures: 3, backoffMs: 20, maxBackoffMs: 2 ** 31 - 1 }, { sandbox: {} });
      const opened = nextEvent(engine, 'circuit:open');
      const hang = (): Promise<string> => outcome(engine.process('plugin', { input: 'spin' }, { deadlineMs: 30 }));
      let code = await hang();
      while (code === 'ERR_DEADLINE') code = await hang();
      expect(code).to.equal('ERR_PLUGIN_QUARANTINED');
      expect((await opened)[0]).to.include({ state: 'open', code: 'ERR_DEADLINE', failures: 3 });
      // One that tries and hangs again has the circuit open for longer.
      const again = nextEvent(engine, 'circuit:open', ({ failures }) => failures === 4);
      let state: 'waiting' | 'open again' = 'waiting';
      void again.then(() => {
        state = 'open again';
      });
      // One that had not begun by its deadline says nothing, and the next one tries.
      while (state === 'waiting') {
        await hang();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect((await again)[0].retryAfterMs).to.be.above(0);
    });

    it('closes when the one request that tries is answered, and opens again when it is not', async () => {
      const engine = await load({ maxFailures: 2, backoffMs: 1, maxBackoffMs: 1 });
      const states: string[] = [];
      for (const name of ['circuit:open', 'circuit:half-open', 'circuit:closed'] as const)
        engine.on(name, ({ state }) => states.push(state));
      for (let n = 0; n < 2; n++) expect(await ask(engine, 'unreachable')).to.equal('ERR_TRAP');
      expect(await probe(engine, 'unreachable')).to.equal('ERR_TRAP');
      expect(states).to.deep.equal(['open', 'half-open', 'open']);
      expect(await probe(engine, 'x')).to.equal('ok');
      expect(states).to.deep.equal(['open', 'half-open', 'open', 'half-open', 'closed']);
      // It counts from nothing.
      expect([await ask(engine, 'unreachable'), await ask(engine, 'x')]).to.deep.equal(['ERR_TRAP', 'ok']);
    });

    it('lets only one request try', async () => {
      const engine = await load({ maxFailures: 1, backoffMs: 1, maxBackoffMs: 1 });
      const halfOpen = nextEvent(engine, 'circuit:half-open');
      await ask(engine, 'unreachable');
      const codes: string[] = [];
      const probing = probe(engine, 'burn 20').then((code) => codes.push(code));
      await halfOpen;
      for (let n = 0; n < 5; n++) codes.push(await ask(engine, 'x'));
      await probing;
      expect(codes.toSorted()).to.deep.equal([...Array(5).fill('ERR_PLUGIN_QUARANTINED'), 'ok']);
      expect(await ask(engine, 'x')).to.equal('ok');
    });

    it('has the next one try when that gives up', async () => {
      const engine = await load({ maxFailures: 1, backoffMs: 1, maxBackoffMs: 1 });
      await ask(engine, 'unreachable');
      const controller = new AbortController();
      const halfOpen = nextEvent(engine, 'circuit:half-open');
      const call = { signal: controller.signal };
      await until(() => {
        void engine.process('plugin', { input: 'burn 40' }, call).catch(() => {});
        return engine.status().queued > 0 || engine.status().threads.busy > 0;
      });
      await halfOpen;
      controller.abort();
      expect(await probe(engine, 'x')).to.equal('ok');
    });

    it('refuses what is queued when it opens; nothing that began runs twice', async () => {
      const engine = await createEngine({ threads: 1 });
      const begun = new Map<string, number>();
      engine.on('plugin:event', ({ type }) => begun.set(type, (begun.get(type) ?? 0) + 1));
      await engine.loadPlugin('plugin', await witness(), { sandbox, failurePolicy: { maxFailures: 3, ...NEVER } });
      // Each one that spins takes its worker along, and what is behind it in the batch runs on another.
      const inputs = ['e0', 's1', 'e2', 's3', 's4', 's5', ...Array.from({ length: 60 }, (_, n) => `s${n + 6}`)];
      const outcomes = await Promise.all(inputs.map((input) => outcome(engine.process('plugin', { input }))));
      expect(outcomes.slice(0, 6)).to.deep.equal([
        'ok',
        'ERR_CPU_TIME_LIMIT',
        'ok',
        'ERR_CPU_TIME_LIMIT',
        'ERR_CPU_TIME_LIMIT',
        'ERR_CPU_TIME_LIMIT',
      ]);
      expect(outcomes.slice(6)).to.deep.equal(Array(60).fill('ERR_PLUGIN_QUARANTINED'));
      expect([...begun]).to.deep.equal(inputs.slice(0, 6).map((input) => [input, 1]));
      expect(engine.status().queued).to.equal(0);
    });

    it('is closed for a version that replaces the one that failed', async () => {
      const engine = await load({ maxFailures: 1, ...NEVER });
      const states = collect(engine, 'plugin:state');
      await ask(engine, 'unreachable');
      expect(await ask(engine, 'x')).to.equal('ERR_PLUGIN_QUARANTINED');
      expect(engine.getPlugin('plugin')?.state).to.equal('quarantined');
      await engine.reloadPlugin('plugin', await echo());
      expect(await ask(engine, 'x')).to.equal('ok');
      expect(states.map(({ to }) => to)).to.deep.equal(['quarantined', 'active']);
      expect(states[0]?.reason).to.match(/^version \S+ failed once, with ERR_TRAP$/);
    });

    it('that opens for a canary leaves the stable version alone', async () => {
      const engine = await load({ maxFailures: 1, ...NEVER }, { version: 'stable' });
      await engine
        .versions('plugin')
        .load(await hostile(), { version: 'next', failurePolicy: { maxFailures: 1, ...NEVER } });
      const next = (input: string) => outcome(engine.process('plugin', { input }, { version: 'next' }));
      expect([await next('unreachable'), await next('x')]).to.deep.equal(['ERR_TRAP', 'ERR_PLUGIN_QUARANTINED']);
      expect([await ask(engine, 'x'), engine.getPlugin('plugin')?.state]).to.deep.equal(['ok', 'active']);
      // It is the plugin's state as soon as it serves.
      engine.versions('plugin').deployCanary('next', 100);
      engine.versions('plugin').promoteCanary();
      expect(engine.getPlugin('plugin')?.state).to.equal('quarantined');
      engine.versions('plugin').rollback();
      expect([await ask(engine, 'x'), engine.getPlugin('plugin')?.state]).to.deep.equal(['ok', 'active']);
    });
  });

  describe('the fallback', () => {
    it('takes the requests, also those that were queued', async () => {
      const engine = await load({ maxFailures: 2, ...NEVER, fallback: 'old' });
      await engine.loadPlugin('old', await echo(), { config: { prefix: 'old:' } });
      const inputs = ['spin', 'spin', ...Array.from({ length: 50 }, (_, n) => `${n}`)];
      const requests = inputs.map((input) => engine.process('plugin', { input }, { whenFull: 'wait' }));
      expect(await Promise.all(requests.slice(0, 2).map(outcome))).to.deep.equal(Array(2).fill('ERR_CPU_TIME_LIMIT'));
      const outputs = (await Promise.all(requests.slice(2))).map(({ output }) => output);
      expect(outputs).to.deep.equal(inputs.slice(2).map((input) => `old:${input}`));
      expect((await engine.process('plugin', { input: 'later' })).output).to.equal('old:later');
    });

    it('takes those that were queued when its own queue has room for them', async () => {
      const engine = await createEngine({ threads: 1, pluginQueueLimit: 4 });
      await engine.loadPlugin('old', await echo());
      await engine.loadPlugin('plugin', await hostile(), {
        sandbox,
        failurePolicy: { maxFailures: 1, ...NEVER, fallback: 'old' },
      });
      const spinning = outcome(engine.process('plugin', { input: 'spin' }));
      await until(() => engine.status().threads.busy === 1 && engine.status().queued === 0);
      const ask = (name: string) => Array.from({ length: 4 }, () => outcome(engine.process(name, { input: 'burn 5' })));
      const requests = [...ask('old'), ...ask('plugin')];
      expect(await spinning).to.equal('ERR_CPU_TIME_LIMIT');
      expect(await Promise.all(requests)).to.deep.equal(Array(8).fill('ok'));
      expect([engine.status().queued, engine.getPlugin('plugin')?.statistics.pending]).to.deep.equal([0, 0]);
      // And gives the room back.
      expect(await Promise.all(ask('plugin'))).to.deep.equal(Array(4).fill('ok'));
      await engine.unloadPlugin('old');
    });

    it('may be another version of the plugin', async () => {
      const engine = await load({ maxFailures: 1, ...NEVER, fallback: { version: 'old' } }, { version: 'new' });
      await engine.versions('plugin').load(await echo(), { version: 'old', config: { prefix: 'old:' } });
      expect(await ask(engine, 'unreachable')).to.equal('ERR_TRAP');
      expect((await engine.process('plugin', { input: 'x' })).output).to.equal('old:x');
      await engine.versions('plugin').unload('old');
      expect(await ask(engine, 'x')).to.equal('ERR_PLUGIN_QUARANTINED');
    });

    it('takes calls by the names of their functions, which have other places in it', async () => {
      const engine = await createEngine({ threads: 1 });
      await engine.loadPlugin('old', await older(), { world: 'any' });
      const failurePolicy: FailurePolicy = { maxFailures: 1, ...NEVER, fallback: 'old' };
      await engine.loadPlugin('plugin', await newer(), { world: 'any', failurePolicy });
      const call = (name: string, ...args: unknown[]) => engine.call('plugin', `local:sums/sums@1.0.0#${name}`, args);
      expect(await call('next', 1)).to.equal(2);
      expect((await rejection(call('boom'))).code).to.equal('ERR_TRAP');
      expect(await call('next', 1)).to.equal(101);
      expect(await Promise.all([1, 2, 3].map((value) => call('next', value)))).to.deep.equal([101, 102, 103]);
      const missing = await rejection(call('boom'));
      expect([missing.code, missing.plugin, missing.message]).to.deep.equal([
        'ERR_INVALID_ARGUMENT',
        'old',
        'The component exports no "boom"',
      ]);
    });

    it('is asked once: two that stand in for each other both fail', async () => {
      const engine = await load({ maxFailures: 1, ...NEVER, fallback: 'other' });
      await engine.loadPlugin('other', await hostile(), {
        failurePolicy: { maxFailures: 1, ...NEVER, fallback: 'plugin' },
      });
      for (const plugin of ['plugin', 'other']) expect(await ask(engine, 'unreachable', plugin)).to.equal('ERR_TRAP');
      for (const plugin of ['plugin', 'other']) {
        const error = await rejection(engine.process(plugin, { input: 'x' }));
        expect([error.code, error.plugin]).to.deep.equal(['ERR_PLUGIN_QUARANTINED', plugin]);
      }
    });

    it('that is not there, or is the plugin itself, is none', async () => {
      for (const fallback of ['missing', 'plugin']) {
        const engine = await load({ maxFailures: 1, ...NEVER, fallback });
        await ask(engine, 'unreachable');
        expect(await ask(engine, 'x')).to.equal('ERR_PLUGIN_QUARANTINED');
      }
    });
  });

  describe('the quarantine', () => {
    it('refuses an input that has killed several workers, and no other', async () => {
      const engine = await load({ maxKills: 2, maxFailures: 1000 });
      const changes = collect(engine, 'input:quarantined');
      for (const input of ['spin', 'spin', 'spin x']) expect(await ask(engine, input)).to.equal('ERR_CPU_TIME_LIMIT');
      const error = await rejection(engine.process('plugin', { input: 'spin' }, { requestId: 'r-1' }));
      const [{ sha256 } = { sha256: '' }] = changes;
      expect([error.code, error.requestId, error.message]).to.deep.equal([
        'ERR_PLUGIN_QUARANTINED',
        'r-1',
        `The input ${sha256} has killed 2 workers of the plugin, last with ERR_CPU_TIME_LIMIT`,
      ]);
      expect(await ask(engine, 'last')).to.equal('ok');
      expect(engine.quarantined('plugin').map(({ kills, refusals, state }) => [kills, refusals, state])).to.deep.equal([
        [2, 1, 'refused'],
        [1, 0, 'watched'],
      ]);
      expect(changes.length).to.equal(1);
      // The same text with other options is another input.
      expect(await outcome(engine.process('plugin', { input: 'spin', options: { a: 'b' } }))).to.equal(
        'ERR_CPU_TIME_LIMIT',
      );
      expect(engine.clearQuarantine('plugin', sha256)).to.equal(1);
      expect(await ask(engine, 'spin')).to.equal('ERR_CPU_TIME_LIMIT');
    });

    it('does not count traps, which kill no worker, nor what callers gave up', async () => {
      const engine = await load({ maxKills: 1, maxFailures: 1000 }, { sandbox: {} });
      for (let n = 0; n < 3; n++) {
        expect(await ask(engine, 'unreachable')).to.equal('ERR_TRAP');
        expect(await outcome(engine.process('plugin', { input: 'spin' }, { deadlineMs: 15 }))).to.equal('ERR_DEADLINE');
      }
      expect(engine.quarantined('plugin')).to.deep.equal([]);
    });

    it('outlasts a reload of the same component, and not another one', async () => {
      const engine = await load({ maxKills: 1, maxFailures: 1000 });
      await ask(engine, 'spin');
      await engine.reloadPlugin('plugin');
      expect(await ask(engine, 'spin')).to.equal('ERR_PLUGIN_QUARANTINED');
      await engine.reloadPlugin('plugin', await echo());
      expect(await ask(engine, 'spin')).to.equal('ok');
      await engine.unloadPlugin('plugin');
      expect(engine.quarantined('plugin')).to.deep.equal([]);
    });
  });

  it('is nothing unless it is asked for', async () => {
    const engine = await load(undefined);
    for (let n = 0; n < 8; n++) expect(await ask(engine, 'unreachable')).to.equal('ERR_TRAP');
    for (let n = 0; n < 4; n++) expect(await ask(engine, 'spin')).to.equal('ERR_CPU_TIME_LIMIT');
    expect(await ask(engine, 'x')).to.equal('ok');
    expect([engine.quarantined('plugin'), engine.clearQuarantine('plugin')]).to.deep.equal([[], 0]);
  });

  it('has defaults, and is checked', async () => {
    expect(resolveFailurePolicy({})).to.deep.equal({
      maxFailures: 5,
      backoffMs: 1000,
      maxBackoffMs: 60_000,
      fallback: undefined,
      maxKills: 3,
    });
    expect(resolveFailurePolicy({ backoffMs: 90_000 }).maxBackoffMs).to.equal(90_000);
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ maxFailures: 0 }, /^Expected `failurePolicy.maxFailures` to be a whole number from 1 up/],
      [{ backoffMs: 0 }, /^Expected `failurePolicy.backoffMs`/],
      [{ backoffMs: 10, maxBackoffMs: 9 }, /^Expected `failurePolicy.maxBackoffMs` to be a whole number from 10 to/],
      [{ fallback: '' }, /^Expected `failurePolicy.fallback` to be a string that is not empty/],
      [{ fallback: { version: 1 } }, /^Expected `failurePolicy.fallback.version` to be a string that is not empty/],
      [{ fallback: { name: 'x' } }, /^`failurePolicy.fallback` has no option `name`$/],
      [{ maxKills: 0.5 }, /^Expected `failurePolicy.maxKills`/],
      [{ retries: 1 }, /^`failurePolicy` has no option `retries`$/],
    ];
    for (const [policy, message] of wrong) {
      const error = thrown(() => resolveFailurePolicy(policy));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
    }
    const engine = await createEngine({ threads: 1 });
    const options = { failurePolicy: { maxKills: 0 } };
    expect(await outcome(engine.loadPlugin('plugin', await echo(), options))).to.equal('ERR_INVALID_ARGUMENT');
  });
});
