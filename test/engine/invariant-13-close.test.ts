import { expect } from 'chai';
import { echo, hostile, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome } from '../support/outcome.ts';
import { describePrograms } from './programs.ts';

describe('invariant 13: after close() nothing is left running', function () {
  this.timeout(60_000);
  after(closeEngines);

  describePrograms('short');

  it('no thread is alive when close() resolves', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('echo', await echo());
    await engine.loadPlugin('hostile', await hostile(), { sandbox: { cpuTimeLimitMs: 50 } });
    await Promise.all([
      ...Array.from({ length: 100 }, () => engine.process('echo', { input: 'x' })),
      outcome(engine.process('hostile', { input: 'spin' })),
    ]);
    await engine.close();
    expect(engine.status()).to.deep.equal({
      queued: 0,
      outstandingBytes: 0,
      threads: { starting: 0, idle: 0, busy: 0, ending: 0, stuck: 0 },
      plugins: 0,
      sessions: 0,
    });
    expect(process.getActiveResourcesInfo().filter((resource) => resource === 'Worker')).to.deep.equal([]);
  });

  it('every instance is shut down before', async () => {
    const engine = await createEngine({ threads: 1 });
    const events = collect(engine, 'plugin:event');
    for (const name of ['a', 'b', 'c']) await engine.loadPlugin(name, await lifecycle.shutdownEmits());
    await engine.close();
    expect(events.map(({ plugin, type }) => `${plugin} ${type}`).toSorted()).to.deep.equal([
      'a shutdown',
      'b shutdown',
      'c shutdown',
    ]);
  });

  describe('by force', () => {
    const patient = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };

    for (const [what, guest] of [
      ['loops when it starts', lifecycle.initializeSpins],
      ['is still being compiled', echo],
    ] as const) {
      it(`it does not wait for a plugin that ${what}`, async () => {
        const engine = await createEngine({ threads: 1, cacheDirectory: false });
        const load = outcome(engine.loadPlugin('plugin', await guest(), { sandbox: patient }));
        // The first load of the process takes a thread and a compilation; neither has come far by now.
        await engine.close({ force: true });
        expect(await load).to.equal('ERR_ENGINE_CLOSED');
      });
    }

    it('it does not wait for an instance that loops when it is shut down', async () => {
      const engine = await createEngine({ threads: 1 });
      await engine.loadPlugin('plugin', await lifecycle.shutdownSpins(), { sandbox: patient });
      await engine.close({ force: true });
    });

    it('it hurries what closes already', async () => {
      const engine = await createEngine({ threads: 1 });
      await engine.loadPlugin('plugin', await hostile(), { sandbox: patient });
      const request = outcome(engine.process('plugin', { input: 'spin' }));
      const closing = engine.close();
      expect(engine.close({ force: true })).to.equal(closing);
      await closing;
      expect(await request).to.equal('ERR_ENGINE_CLOSED');
    });
  });

  it('it may be called as often as one likes, and everything else is refused', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echo', await echo());
    const closing = engine.close();
    expect(engine.close()).to.equal(closing);
    const bytes = await echo();
    const calls = [
      () => engine.process('echo', { input: '' }),
      () => engine.loadPlugin('other', bytes),
      () => engine.reloadPlugin('echo'),
      () => engine.unloadPlugin('echo'),
    ];
    for (const call of calls) expect(await outcome(call())).to.equal('ERR_ENGINE_CLOSED');
    await closing;
    for (const call of calls) expect(await outcome(call())).to.equal('ERR_ENGINE_CLOSED');
    await engine.close({ force: true });
  });
});
