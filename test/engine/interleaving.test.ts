import { expect } from 'chai';
import { echo, hostile, lifecycle, misfits, wasi } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome, seeded, turn } from '../support/outcome.ts';

const NAMES = ['a', 'b', 'c'] as const;
const OPERATIONS = 300;

/** With which codes each kind of call may fail, whatever else is going on. */
const ALLOWED = {
  load: ['ok', 'ERR_INVALID_ARGUMENT', 'ERR_NOT_A_COMPONENT', 'ERR_INITIALIZE_FAILED'],
  reload: ['ok', 'ERR_PLUGIN_NOT_FOUND', 'ERR_NOT_A_COMPONENT', 'ERR_INITIALIZE_FAILED'],
  unload: ['ok', 'ERR_PLUGIN_NOT_FOUND'],
  process: [
    'ok',
    'ERR_PLUGIN_NOT_FOUND',
    'ERR_TRAP',
    'ERR_CPU_TIME_LIMIT',
    'ERR_DEADLINE',
    'ERR_ABORTED',
    'ERR_QUEUE_FULL',
  ],
} as const;
type Kind = keyof typeof ALLOWED;

describe('load, unload and reload between requests', function () {
  this.timeout(120_000);
  after(closeEngines);

  for (const seed of [1, 2, 3]) {
    it(`every promise settles, with an answer or a code that fits (seed ${seed})`, async () => {
      const random = seeded(seed);
      const engine = await createEngine({ threads: 2, queueLimit: 200 });
      const sources = await Promise.all(
        [echo, echo, hostile, wasi, lifecycle.initializeTraps, lifecycle.shutdownTraps, misfits.garbage].map((one) =>
          one(),
        ),
      );
      const kinds: Kind[] = [];
      const outcomes: Promise<string>[] = [];
      const call = (kind: Kind, promise: Promise<unknown>): void => {
        kinds.push(kind);
        outcomes.push(outcome(promise));
      };
      const options = () => ({
        sandbox: { cpuTimeLimitMs: 60, instances: random.pick(['warm', 'warm', 'fresh'] as const) },
      });
      const request = (): void => {
        const controller = new AbortController();
        const { signal } = controller;
        const input = random.pick([
          'x',
          'x',
          'x',
          'burn 1',
          'unreachable',
          'sleep 5',
          ...(random.below(4) ? [] : ['spin']),
        ]);
        const limits = random.pick([
          {},
          {},
          { signal },
          { deadlineMs: 1 + random.below(50) },
          { whenFull: 'wait' as const },
        ]);
        call('process', engine.process(random.pick(NAMES), { input }, limits));
        if (random.below(2)) controller.abort();
        else setImmediate(() => controller.abort());
      };
      for (let i = 0; i < OPERATIONS; i++) {
        const name = random.pick(NAMES);
        switch (random.pick(['load', 'load', 'reload', 'reload', 'unload'] as const)) {
          case 'load':
            call('load', engine.loadPlugin(name, random.pick(sources), options()));
            break;
          case 'reload':
            call(
              'reload',
              random.below(3) ? engine.reloadPlugin(name, random.pick(sources), options()) : engine.reloadPlugin(name),
            );
            break;
          case 'unload':
            call('unload', engine.unloadPlugin(name, { force: random.below(4) === 0 }));
            break;
        }
        for (let requests = random.below(8); requests > 0; requests--) request();
        // At times all of it happens in one turn, at times what was asked for is under way.
        if (random.below(3) === 0) await turn();
        if (random.below(10) === 0) await outcomes[random.below(outcomes.length)];
      }
      const seen = await Promise.all(outcomes);
      const misfit = seen.flatMap((code, i) =>
        (ALLOWED[kinds[i]!] as readonly string[]).includes(code) ? [] : [`${kinds[i]}: ${code}`],
      );
      expect(misfit).to.deep.equal([]);
      for (const kind of ['load', 'reload', 'unload', 'process'] as const) {
        expect(seen.filter((code, i) => kinds[i] === kind && code === 'ok').length, kind).to.be.above(0);
      }

      // Whatever happened, the engine is as good as new.
      const { queued, plugins } = engine.status();
      expect([queued, plugins]).to.deep.equal([0, engine.listPlugins().length]);
      for (const name of NAMES) {
        await outcome(engine.unloadPlugin(name));
        await engine.loadPlugin(name, await echo(), { config: { prefix: `${name}:` } });
        expect((await engine.process(name, { input: 'x' })).output).to.equal(`${name}:x`);
      }
      await engine.close();
      expect(engine.status()).to.deep.equal({
        queued: 0,
        outstandingBytes: 0,
        threads: { starting: 0, idle: 0, busy: 0, ending: 0, stuck: 0 },
        plugins: 0,
        sessions: 0,
      });
    });
  }

  it('operations on one name are done in the order in which they were asked for', async () => {
    const engine = await createEngine({ threads: 2 });
    const told: string[] = [];
    engine.on('plugin:loaded', ({ version }) => told.push(`loaded ${version}`));
    engine.on('plugin:reloaded', ({ version }) => told.push(`reloaded ${version}`));
    engine.on('plugin:unloaded', ({ version }) => told.push(`unloaded ${version}`));
    const [small, large] = await Promise.all([echo(), wasi()]);
    await Promise.all([
      engine.loadPlugin('a', large, { version: '1' }),
      engine.reloadPlugin('a', small, { version: '2' }),
      engine.unloadPlugin('a'),
      engine.loadPlugin('a', small, { version: '3' }),
      engine.reloadPlugin('a', large, { version: '4' }),
    ]);
    expect(told).to.deep.equal(['loaded 1', 'reloaded 2', 'unloaded 2', 'loaded 3', 'reloaded 4']);
  });

  it('a request never waits for an operation on its plugin', async () => {
    const engine = await createEngine({ threads: 2 });
    const reloaded = collect(engine, 'plugin:reloaded');
    await engine.loadPlugin('a', await echo(), { sandbox: { cpuTimeLimitMs: 500 } });
    const reload = outcome(engine.reloadPlugin('a', await lifecycle.initializeSpins()));
    let state: 'on' | 'off' = 'on' as 'on' | 'off';
    void reload.then(() => {
      state = 'off';
    });
    let served = 0;
    while (state === 'on') {
      await engine.process('a', { input: 'x' });
      served++;
    }
    expect(await reload).to.equal('ERR_INITIALIZE_FAILED');
    expect([served > 100, reloaded.length]).to.deep.equal([true, 0]);
  });
});
