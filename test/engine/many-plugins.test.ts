import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { echo } from '../fixtures/echo.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const LATE = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };
const NAMES = Array.from({ length: 12 }, (_, index) => `plugin-${index}`);

describe('many plugins', function () {
  this.timeout(120_000);
  after(closeEngines);

  function made(engine: PluginEngine): number {
    return engine.metrics.snapshot().plugins.reduce((sum, { instancesMade }) => sum + instancesMade, 0);
  }

  async function load(engine: PluginEngine): Promise<void> {
    for (const name of NAMES) await engine.loadPlugin(name, await witness(), { sandbox: LATE });
    // Until each is known to behave, so that its requests may travel with those of others.
    for (let round = 0; round < 8; round++) {
      for (const name of NAMES) await engine.process(name, { input: `${round}` });
    }
  }

  it('are one instance each while no thread has a backlog, whichever thread is free', async () => {
    const engine = await createEngine({ threads: 2 });
    await load(engine);
    for (let round = 0; round < 50; round++) {
      await Promise.all(NAMES.slice(round % 8, (round % 8) + 4).map((name) => engine.process(name, { input: 'x' })));
    }
    expect(made(engine)).to.equal(NAMES.length);
    const { starting, idle, busy } = engine.status().threads;
    expect(starting + idle + busy).to.be.at.most(3);
  });

  it('get an instance on a thread that is idle while theirs has a backlog', async () => {
    const engine = await createEngine({ threads: 2 });
    await load(engine);
    const [name] = NAMES as [string];
    const instances = (): number => engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === name)!.instances;
    expect(instances()).to.equal(1);
    // For as long as that takes: a thread may have to start first.
    while (instances() < 2) {
      await Promise.all(Array.from({ length: 16 }, () => engine.process(name, { input: 'b' })));
    }
  });

  it('that wait in one batch with one that runs for ever go on without it, and it alone pays', async () => {
    const engine = await createEngine({ threads: 2 });
    await load(engine);
    const [first, ...others] = NAMES as [string, ...string[]];
    const controller = new AbortController();
    const kills = collect(engine, 'worker:terminated');
    const endless = outcome(engine.process(first, { input: 's' }, { signal: controller.signal }));
    const answers = await Promise.all(others.map((name) => engine.process(name, { input: name })));
    expect(answers.map(({ output }) => output)).to.deep.equal(others);
    controller.abort();
    expect(await endless).to.equal('ERR_ABORTED');
    await until(() => kills.length === 1);
    expect(kills.map(({ plugin }) => plugin)).to.deep.equal([first]);
    const charged = engine.metrics.snapshot().plugins.filter(({ workerKills }) => Object.keys(workerKills).length > 0);
    expect(charged.map(({ plugin }) => plugin)).to.deep.equal([first]);
  });

  it('that fail in one batch fail for themselves', async () => {
    const engine = await createEngine({ threads: 2 });
    await load(engine);
    const outcomes = await Promise.all(
      NAMES.map((name, index) => outcome(engine.process(name, { input: index % 3 === 0 ? 't' : 'x' }))),
    );
    expect(outcomes).to.deep.equal(NAMES.map((_, index) => (index % 3 === 0 ? 'ERR_TRAP' : 'ok')));
  });

  it('of which some are given up while they wait in a batch begin none of those (invariant 15)', async () => {
    const engine = await createEngine({ threads: 2 });
    await load(engine);
    const begun = collect(engine, 'plugin:event');
    const controller = new AbortController();
    const { signal } = controller;
    const asked = NAMES.flatMap((name, index) =>
      [0, 1].map((turn) => outcome(engine.process(name, { input: `b${turn}` }, turn === index % 2 ? { signal } : {}))),
    );
    await until(() => begun.length > 2);
    const before = begun.length;
    controller.abort();
    const outcomes = await Promise.all(asked);
    const ended = (end: string): number => outcomes.filter((one) => one === end).length;
    expect(ended('ERR_ABORTED')).to.be.above(0);
    expect(ended('ok') + ended('ERR_ABORTED')).to.equal(2 * NAMES.length);
    // Those that were under way when they were given up had begun; what began later was not given up.
    expect(begun.length).to.be.at.most(2 * NAMES.length - ended('ERR_ABORTED') + before);
    const twice = begun.map(({ plugin, type }) => `${plugin} ${type}`);
    expect(new Set(twice).size).to.equal(twice.length);
  });

  it('one of which is unloaded while its requests wait in a batch lose none', async () => {
    const engine = await createEngine({ threads: 2 });
    await load(engine);
    await engine.loadPlugin('other', await echo());
    const [first] = NAMES as [string];
    const asked = NAMES.map((name) => outcome(engine.process(name, { input: 'b' })));
    await new Promise((resolve) => setImmediate(resolve));
    await engine.unloadPlugin(first);
    expect(await Promise.all(asked)).to.deep.equal(NAMES.map(() => 'ok'));
    expect(await outcome(engine.process(first, { input: 'b' }))).to.equal('ERR_PLUGIN_NOT_FOUND');
  });
});
