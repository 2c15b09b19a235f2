import { expect } from 'chai';
import type { PluginSource } from '../../src/artifact/source.ts';
import { echo, lifecycle, misfits } from '../fixtures/guests.ts';
import { twofold } from '../fixtures/suppliers.ts';
import { BINDING, closeEngines, collect, createEngine, ISOLATION, nextEvent } from '../support/engine.ts';
import { outcome, rejection, seeded } from '../support/outcome.ts';

const CALLERS = 200;
const RELOADS = 20;

describe('invariant 12: replacing a plugin loses no request', function () {
  this.timeout(120_000);
  after(closeEngines);

  /** What does not come up, and how it fails. */
  const broken: readonly (readonly [name: string, source: () => Promise<PluginSource>, code: string])[] = [
    ['garbage', misfits.garbage, 'ERR_NOT_A_COMPONENT'],
    ['a truncated component', misfits.truncated, 'ERR_INVALID_COMPONENT'],
    ['a component of another contract', misfits.otherWorld, 'ERR_INCOMPATIBLE_WIT'],
    ['one that traps in initialize', lifecycle.initializeTraps, 'ERR_INITIALIZE_FAILED'],
    ['one that refuses to start', lifecycle.initializeErrs, 'ERR_INITIALIZE_FAILED'],
    ['one that spins in initialize', lifecycle.initializeSpins, 'ERR_INITIALIZE_FAILED'],
    ['one whose start function traps', lifecycle.startTraps, 'ERR_INITIALIZE_FAILED'],
  ];

  it('of two hundred callers during twenty reloads, some of which fail', async () => {
    const engine = await createEngine({ threads: 2 });
    const random = seeded(12);
    const logs = collect(engine, 'plugin:log');
    const events = collect(engine, 'plugin:event');
    const terminated = collect(engine, 'worker:terminated');
    const reloaded = collect(engine, 'plugin:reloaded');
    const failures = collect(engine, 'plugin:reload-failed');
    const version = (n: number) => ({
      config: { prefix: `${n}:` },
      version: `v${n}`,
      sandbox: { cpuTimeLimitMs: 200 },
    });
    await engine.loadPlugin('plugin', await echo(), version(0));
    let current = 0;
    let newest = 0;
    let state: 'on' | 'off' = 'on' as 'on' | 'off';
    const served = new Map<number, number>();

    const ask = async (input: string): Promise<void> => {
      const oldest = current;
      const { output, success } = await engine.process('plugin', { input });
      const [prefix, rest] = output.split(':');
      const by = Number(prefix);
      expect([rest, success]).to.deep.equal([input, true]);
      // Neither older than what served when it began, nor one that is not there yet.
      expect(by).to.be.within(oldest, newest);
      served.set(by, (served.get(by) ?? 0) + 1);
    };
    const caller = async (id: number): Promise<void> => {
      for (let i = 0; state === 'on'; i++) await ask(`${id}.${i}`);
    };
    const callers = Array.from({ length: CALLERS }, (_, id) => caller(id));
    let refused = 0;
    for (let n = 1; n <= RELOADS; n++) {
      if (n % 3 === 0) {
        const [name, source, code] = random.pick(broken);
        expect(await outcome(engine.reloadPlugin('plugin', await source(), version(n))), name).to.equal(code);
        refused++;
        expect(engine.listPlugins()[0]?.version).to.equal(`v${current}`);
      } else {
        newest = n;
        await engine.reloadPlugin('plugin', await echo(), version(n));
        current = n;
      }
      // Each version gets some of the traffic.
      await ask('between');
    }
    state = 'off';
    await Promise.all(callers);
    await engine.close();

    const good = Array.from({ length: RELOADS + 1 }, (_, n) => n).filter((n) => n === 0 || n % 3 !== 0);
    expect(reloaded.map(({ version: v }) => v)).to.deep.equal(good.slice(1).map((n) => `v${n}`));
    expect([...served.keys()].toSorted((a, b) => a - b)).to.deep.equal(good);
    expect(failures.length).to.equal(refused);
    expect(
      terminated.filter(({ code }) => code !== 'ERR_CPU_TIME_LIMIT' && code !== 'ERR_INITIALIZE_FAILED'),
    ).to.deep.equal([]);
    // Every instance that was initialised has been shut down, and none twice.
    for (const n of good) {
      const begun = logs.filter((log) => log.version === `v${n}` && log.message === 'initialized').length;
      const ended = events.filter((event) => event.version === `v${n}` && event.type === 'shutdown').length;
      expect(begun, `v${n}`).to.be.above(0);
      expect(ended, `v${n}`).to.equal(begun);
    }
  });

  for (const [name, source, code] of broken) {
    it(`${name} does not replace what works`, async () => {
      const engine = await createEngine({ threads: 1 });
      const sandbox = { cpuTimeLimitMs: 100 };
      await engine.loadPlugin('plugin', await echo(), { config: { prefix: 'old:' }, sandbox });
      const [before] = engine.listPlugins();
      const failure = nextEvent(engine, 'plugin:reload-failed');
      const error = await rejection(engine.reloadPlugin('plugin', await source()));
      expect([error.code, error.plugin]).to.deep.equal([code, 'plugin']);
      expect(await failure).to.deep.equal(['plugin', error]);
      expect(engine.listPlugins()).to.deep.equal([before]);
      expect((await engine.process('plugin', { input: 'x' })).output).to.equal('old:x');
      // What failed has left nothing behind that the next one would trip over.
      await engine.reloadPlugin('plugin', await echo(), { config: { prefix: 'new:' } });
      expect((await engine.process('plugin', { input: 'x' })).output).to.equal('new:x');
    });
  }

  it('what has begun ends on the old version, while the new one serves', async function () {
    // Functions of this thread are not for plugins in a process of their own, nor for those on jco's glue.
    if (ISOLATION === 'process' || BINDING === 'glue') this.skip();
    const engine = await createEngine({ threads: 2 });
    const [called, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
    const twice = (): Promise<number> => {
      called.resolve();
      return answer.promise;
    };
    const imports = { 'acme:shop/api@1.0.0': { twice } };
    await engine.loadPlugin('plugin', await twofold(), { version: 'old', imports });
    const began = nextEvent(engine, 'plugin:reloaded');
    const order: string[] = [];
    const slow = engine.process('plugin', { input: '3' }).then(({ output }) => order.push(output));
    await called.promise;
    await engine.reloadPlugin('plugin', await echo(), { config: { prefix: 'new:' }, version: 'new', imports: {} });
    const [info, previous] = await began;
    expect([info.version, previous.version, previous.pending]).to.deep.equal(['new', 'old', 1]);
    order.push((await engine.process('plugin', { input: 'x' })).output);
    answer.resolve(6);
    await slow;
    expect(order).to.deep.equal(['new:x', '6']);
  });

  it('what is queued for the old version runs on the old one', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await echo(), { config: { prefix: 'old:' } });
    const queued = Array.from({ length: 500 }, (_, i) => engine.process('plugin', { input: `${i}` }));
    await engine.reloadPlugin('plugin', undefined, { config: { prefix: 'new:' } });
    const later = engine.process('plugin', { input: 'x' });
    expect((await Promise.all(queued)).map(({ output }) => output)).to.deep.equal(queued.map((_, i) => `old:${i}`));
    expect((await later).output).to.equal('new:x');
  });

  it('a reload without arguments keeps the source and the options', async () => {
    const engine = await createEngine({ threads: 1 });
    const options = { config: { prefix: 'kept:' }, sandbox: { maxMemoryBytes: 1024 * 1024 } };
    const first = await engine.loadPlugin('plugin', await echo(), options);
    const second = await engine.reloadPlugin('plugin');
    expect([second.sha256, second.policy]).to.deep.equal([first.sha256, first.policy]);
    expect((await engine.process('plugin', { input: 'x' })).output).to.equal('kept:x');
  });

  it('there is nothing to replace of what is not there', async () => {
    const engine = await createEngine({ threads: 1 });
    expect(await outcome(engine.reloadPlugin('nobody', await echo()))).to.equal('ERR_PLUGIN_NOT_FOUND');
  });
});
