import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { witness } from '../engine/fixtures/witness.ts';
import { echo } from '../fixtures/echo.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection } from '../support/outcome.ts';

const GROUPS = { group: (plugin: string) => plugin.split('-')[0]! };

/** Ends the process of a group, as nothing in it could prevent. */
function crash(engine: PluginEngine, group: string): void {
  for (const one of engine.status().processes!) if (one.group === group) process.kill(one.pid, 'SIGKILL');
}

/** Keeps asking a plugin of another group; every request has to be answered. */
function bystander(engine: PluginEngine): { stop(): Promise<number> } {
  let state: 'running' | 'stopped' = 'running';
  const asked = (async () => {
    let answers = 0;
    for (; state === 'running'; answers++) {
      expect((await engine.process('good-plugin', { input: `${answers}` })).output).to.equal(`${answers}`);
      // Without a pause it would take a processor from those whom it only watches.
      if (answers % 8 === 0) await delay(1);
    }
    return answers;
  })();
  return {
    stop() {
      state = 'stopped';
      return asked;
    },
  };
}

describe('a process that is killed', () => {
  let engine: PluginEngine;
  let began: string[];
  let ended: ReturnType<typeof collect<'process:ended'>>;
  let others: ReturnType<typeof bystander>;

  beforeEach(async () => {
    engine = await createEngine({ isolation: GROUPS, threads: 1, maxThreads: 2 });
    began = [];
    engine.on('plugin:event', ({ type }) => began.push(type));
    ended = collect(engine, 'process:ended');
    await engine.loadPlugin('good-plugin', await echo());
    await engine.loadPlugin('bad-plugin', await witness());
    others = bystander(engine);
  });

  afterEach(async () => {
    expect(await others.stop()).to.be.above(0);
    await engine.close({ force: true });
    expect(engine.status().processes).to.deep.equal([]);
  });
  after(closeEngines);

  const recovers = async (): Promise<void> => {
    expect((await engine.process('bad-plugin', { input: 'after' })).output).to.equal('after');
    expect(engine.listPlugins().map(({ name }) => name)).to.deep.equal(['good-plugin', 'bad-plugin']);
    expect(engine.getPlugin('bad-plugin')?.statistics.pending).to.equal(0);
  };

  it('while a request runs and others are queued, fails the one and has the next process run the others', async () => {
    const beginning = nextEvent(engine, 'plugin:event');
    const running = rejection(engine.process('bad-plugin', { input: 's' }, { requestId: 'running' }));
    await beginning;
    const queued = Array.from({ length: 500 }, (_, index) => engine.process('bad-plugin', { input: `q${index}` }));
    // Long enough for them to be with the child, where the thread is taken; how many are there makes no difference.
    await delay(30);
    crash(engine, 'bad');
    const error = await running;
    expect([error.code, error.began, error.plugin, error.requestId]).to.deep.equal([
      'ERR_WORKER_CRASHED',
      true,
      'bad-plugin',
      'running',
    ]);
    expect((await Promise.all(queued)).map(({ output }) => output)).to.deep.equal(
      queued.map((_, index) => `q${index}`),
    );
    expect(ended.map(({ group, lostRequests, reason }) => [group, lostRequests, reason])).to.deep.equal([
      ['bad', 1, 'SIGKILL'],
    ]);
    await recovers();
  });

  it('while requests are sent and answered, settles each once, and begins none twice', async () => {
    const total = 3000;
    const settled = new Map<string, number>();
    const requests = Array.from({ length: total }, async (_, index) => {
      const input = `n${index}`;
      const became = await outcome(
        engine.process('bad-plugin', { input }).then(({ output }) => expect(output).to.equal(input)),
      );
      settled.set(input, (settled.get(input) ?? 0) + 1);
      if (index === 500 || index === 1500) crash(engine, 'bad');
      return became;
    });
    const became = await Promise.all(requests);
    expect(settled.size).to.equal(total);
    expect(Math.max(...settled.values())).to.equal(1);
    for (const one of became) expect(one).to.be.oneOf(['ok', 'ERR_WORKER_CRASHED']);
    expect(became.filter((one) => one === 'ok').length).to.be.above(total / 2);
    const times = new Map<string, number>();
    for (const input of began) times.set(input, (times.get(input) ?? 0) + 1);
    expect([...times.values()].filter((count) => count > 1)).to.deep.equal([]);
    await recovers();
  });

  it('while a plugin is loaded, fails the load, and the next one succeeds', async () => {
    const loading = outcome(engine.loadPlugin('bad-second', await echo()));
    crash(engine, 'bad');
    expect(await loading).to.equal('ERR_WORKER_CRASHED');
    expect(engine.getPlugin('bad-second')).to.equal(undefined);
    await engine.loadPlugin('bad-second', await echo());
    expect((await engine.process('bad-second', { input: 'x' })).output).to.equal('x');
    await engine.unloadPlugin('bad-second');
    await recovers();
  });

  it('while a plugin is reloaded, leaves the version that was there', async () => {
    const { version } = engine.listPlugins()[1]!;
    const reloading = outcome(engine.reloadPlugin('bad-plugin', await echo(), { version: 'new' }));
    crash(engine, 'bad');
    expect(await reloading).to.equal('ERR_WORKER_CRASHED');
    expect(engine.listPlugins()[1]?.version).to.equal(version);
    await recovers();
    await engine.reloadPlugin('bad-plugin', await echo(), { version: 'new' });
    expect(engine.listPlugins()[1]?.version).to.equal('new');
  });

  it('while the engine closes, does not keep it from that', async () => {
    expect(await others.stop()).to.be.above(0);
    const beginning = nextEvent(engine, 'plugin:event');
    const running = outcome(engine.process('bad-plugin', { input: 's' }));
    await beginning;
    const closing = engine.close();
    crash(engine, 'bad');
    expect(await running).to.equal('ERR_WORKER_CRASHED');
    await closing;
    expect(engine.status().processes).to.deep.equal([]);
  });

  it('while it is unloaded, ends the unloading', async () => {
    await engine.loadPlugin('bad-second', await witness());
    const beginning = nextEvent(engine, 'plugin:event');
    const running = outcome(engine.process('bad-second', { input: 's' }));
    await beginning;
    const unloading = engine.unloadPlugin('bad-second');
    crash(engine, 'bad');
    expect(await running).to.equal('ERR_WORKER_CRASHED');
    await unloading;
    await recovers();
  });

  it('again and again, is started again each time, after a longer while', async () => {
    for (let round = 0; round < 3; round++) {
      const gone = nextEvent(engine, 'process:ended');
      crash(engine, 'bad');
      await gone;
      await recovers();
    }
    expect(ended.map(({ restartAfterMs }) => restartAfterMs! > 0)).to.deep.equal([false, true, true]);
  });

  it('keeps canaries, grants and counts, which are not in there', async () => {
    await engine.versions('bad-plugin').load(await echo(), { version: 'canary' });
    engine.versions('bad-plugin').deployCanary('canary', 50);
    const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`);
    const routes = ids.map((id) => engine.versions('bad-plugin').route(id));
    crash(engine, 'bad');
    await nextEvent(engine, 'process:ended');
    expect(ids.map((id) => engine.versions('bad-plugin').route(id))).to.deep.equal(routes);
    for (const requestId of ids) await engine.process('bad-plugin', { input: 'x' }, { requestId });
    const calls = engine.metrics.snapshot().plugins.filter(({ plugin }) => plugin === 'bad-plugin');
    expect(calls.reduce((sum, version) => sum + version.calls, 0)).to.equal(20);
    await recovers();
  });
});
