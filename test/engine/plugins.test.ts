import { expect } from 'chai';
import { echo, hostile, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection, thrown, turn, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const MiB = 1024 * 1024;

describe('the plugins of an engine', function () {
  this.timeout(60_000);
  after(closeEngines);

  it('go through states, each of which is told with its reason', async () => {
    const engine = await createEngine({ threads: 1 });
    const states = collect(engine, 'plugin:state');
    const loading = engine.loadPlugin('plugin', await echo(), { version: '1' });
    await turn();
    expect(engine.getPlugin('plugin')).to.deep.equal({
      name: 'plugin',
      state: 'loading',
      reason: 'loadPlugin was called',
      stable: undefined,
      canary: undefined,
      versions: [],
      statistics: { requests: 0, refused: 0, errors: {}, pending: 0 },
    });
    expect([engine.listPlugins(), engine.status().plugins]).to.deep.equal([[], 0]);
    expect(await outcome(engine.process('plugin', { input: 'x' }))).to.equal('ERR_PLUGIN_NOT_FOUND');
    await loading;
    expect(engine.getPlugin('plugin')?.state).to.equal('active');
    const running = engine.process('plugin', { input: 'burn 100' });
    await until(() => engine.status().threads.busy === 1);
    const unloading = engine.unloadPlugin('plugin');
    await turn();
    expect(engine.getPlugin('plugin')?.state).to.equal('draining');
    expect(await outcome(engine.process('plugin', { input: 'x' }))).to.equal('ERR_PLUGIN_NOT_FOUND');
    expect((await running).output).to.equal('burnt');
    await unloading;
    expect(engine.getPlugin('plugin')).to.equal(undefined);
    const error = await rejection(engine.loadPlugin('plugin', await lifecycle.initializeErrs()));
    expect(engine.getPlugin('plugin')).to.equal(undefined);
    await engine.loadPlugin('plugin', await echo());
    await engine.close();
    expect(states.map(({ plugin, from, to, reason }) => `${plugin}: ${from} -> ${to}, ${reason}`)).to.deep.equal([
      'plugin: unloaded -> loading, loadPlugin was called',
      'plugin: loading -> active, version 1 is ready',
      'plugin: active -> draining, unloadPlugin was called',
      'plugin: draining -> unloaded, its requests are done',
      'plugin: unloaded -> loading, loadPlugin was called',
      `plugin: loading -> failed, ${error.code}: ${error.message}`,
      'plugin: unloaded -> loading, loadPlugin was called',
      `plugin: loading -> active, version ${engine.getPlugin('plugin')?.stable?.version ?? '1.0.0'} is ready`,
      'plugin: active -> draining, the engine closes',
      'plugin: draining -> unloaded, the engine closes',
    ]);
  });

  it('are unloaded when the requests of versions that were replaced are done, too', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('plugin', await echo(), { version: '1' });
    const running = engine.process('plugin', { input: 'burn 300' });
    await until(() => engine.status().threads.busy === 1);
    await engine.reloadPlugin('plugin', await echo(), { version: '1' });
    const ends: string[] = [];
    await Promise.all([
      running.then(() => ends.push('request')),
      engine.unloadPlugin('plugin').then(() => ends.push('plugin')),
    ]);
    expect(ends).to.deep.equal(['request', 'plugin']);
  });

  it('are unloaded by force with what versions that were replaced have left', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('plugin', await hostile(), { version: '1' });
    const running = outcome(engine.process('plugin', { input: 'spin' }));
    await until(() => engine.status().threads.busy === 1);
    await engine.reloadPlugin('plugin', await hostile(), { version: '1' });
    await engine.unloadPlugin('plugin', { force: true });
    expect(await running).to.equal('ERR_PLUGIN_NOT_FOUND');
  });

  it('are unloaded by force also while they are being unloaded, or a version of theirs is', async () => {
    const engine = await createEngine({ threads: 2 });
    for (const what of ['plugin', 'version']) {
      await engine.loadPlugin('plugin', await hostile(), { version: '1' });
      await engine.versions('plugin').load(await hostile(), { version: '2' });
      const running = outcome(engine.process('plugin', { input: 'spin' }, { version: '2' }));
      await until(() => engine.status().threads.busy === 1);
      const unloading = what === 'plugin' ? engine.unloadPlugin('plugin') : engine.versions('plugin').unload('2');
      await turn();
      await engine.unloadPlugin('plugin', { force: true });
      expect(await running, what).to.equal('ERR_PLUGIN_NOT_FOUND');
      await unloading;
    }
  });

  it('have an instance before their first request', async () => {
    const engine = await createEngine({ threads: 1 });
    const logs = collect(engine, 'plugin:log');
    await engine.loadPlugin('plugin', await echo());
    expect(logs.map(({ message }) => message)).to.deep.equal(['initialized']);
    expect((await engine.process('plugin', { input: 'count' })).output).to.equal('1');
    expect(logs.length).to.equal(1);
  });

  it('show what became of their requests', async () => {
    const engine = await createEngine({ threads: 1, queueLimit: 4 });
    await engine.loadPlugin('plugin', await hostile(), { version: '1', config: {} });
    for (const input of ['x', 'fail', 'unreachable', 'divide', 'bad-utf8'])
      await outcome(engine.process('plugin', { input }));
    await outcome(engine.process('plugin', { input: 'x' }, { signal: AbortSignal.abort() }));
    const statistics = {
      requests: 6,
      refused: 1,
      errors: { ERR_TRAP: 2, ERR_INVALID_RESPONSE: 1, ERR_ABORTED: 1 },
      pending: 0,
    };
    const details = engine.getPlugin('plugin')!;
    expect(details.statistics).to.deep.equal(statistics);
    expect(details.stable).to.deep.equal(details.versions[0]);
    const { version, role, policy, loadedAt } = details.stable!;
    expect([version, role, policy.maxMemoryBytes]).to.deep.equal(['1', 'stable', 32 * MiB]);
    expect(loadedAt).to.be.instanceOf(Date);
    expect(details.stable?.statistics).to.deep.equal(statistics);
    // The numbers of a plugin outlive its versions.
    await engine.reloadPlugin('plugin');
    const pending = engine.process('plugin', { input: 'x' });
    expect(engine.getPlugin('plugin')?.statistics.pending).to.equal(1);
    await pending;
    expect(engine.getPlugin('plugin')?.statistics).to.deep.equal({ ...statistics, requests: 7 });
    expect(engine.getPlugin('plugin')?.stable?.statistics.requests).to.equal(1);
  });

  it('have versions only while they are loaded', async () => {
    const engine = await createEngine({ threads: 1 });
    expect(thrown(() => engine.versions('plugin')).code).to.equal('ERR_PLUGIN_NOT_FOUND');
    await engine.loadPlugin('plugin', await echo(), { version: '1' });
    const versions = engine.versions('plugin');
    await engine.unloadPlugin('plugin');
    expect(await outcome(versions.load(await echo()))).to.equal('ERR_PLUGIN_NOT_FOUND');
    for (const call of [
      () => versions.list(),
      () => versions.route('a'),
      () => versions.deployCanary('1', 1),
      () => versions.setCanaryPercentage(1),
      () => versions.promoteCanary(),
      () => versions.rollback(),
    ])
      expect(thrown(call).code).to.equal('ERR_PLUGIN_NOT_FOUND');
    await engine.close();
    expect(thrown(() => versions.list()).code).to.equal('ERR_ENGINE_CLOSED');
    expect(await outcome(versions.load(await echo()))).to.equal('ERR_ENGINE_CLOSED');
  });

  it('check what they are asked', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await echo(), { version: '1' });
    const versions = engine.versions('plugin');
    for (const percentage of [-1, 101, Number.NaN, '5']) {
      expect(thrown(() => versions.deployCanary('1', percentage as number)).message).to.match(
        /^Expected `percentage` to be a number from 0 to 100, got /,
      );
    }
    expect(thrown(() => versions.deployCanary('1', 5, { decided: {} } as object)).code).to.equal(
      'ERR_INVALID_ARGUMENT',
    );
    expect(thrown(() => versions.route('')).code).to.equal('ERR_INVALID_ARGUMENT');
    expect(await outcome(versions.unload('1'))).to.equal('ERR_INVALID_ARGUMENT');
    expect(await outcome(versions.unload('2'))).to.equal('ERR_PLUGIN_NOT_FOUND');
    const error = await rejection(versions.load(await echo(), { version: '1' }));
    expect([error.code, error.message]).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      'The version `1` is loaded already, and serves as stable',
    ]);
  });

  it('give up versions on standby that are unloaded, or that another of their name replaces', async () => {
    const engine = await createEngine({ threads: 1 });
    const events = collect(engine, 'plugin:event');
    await engine.loadPlugin('plugin', await echo(), { version: '1' });
    const versions = engine.versions('plugin');
    await versions.load(await echo(), { version: '2' });
    const replaced = nextEvent(engine, 'plugin:event', ({ type }) => type === 'shutdown');
    await versions.load(await echo(), { version: '2' });
    expect((await replaced)[0].version).to.equal('2');
    await versions.unload('2');
    expect(events.filter(({ type }) => type === 'shutdown').map(({ version }) => version)).to.deep.equal(['2', '2']);
    expect(versions.list().map(({ version }) => version)).to.deep.equal(['1']);
  });

  it('keep a version that was rolled back for as long as was set', async () => {
    const engine = await createEngine({ threads: 1, keepWarmMs: 50 });
    await engine.loadPlugin('plugin', await echo(), { version: '1' });
    const versions = engine.versions('plugin');
    await versions.load(await echo(), { version: '2' });
    const shutdown = nextEvent(engine, 'plugin:event', ({ type }) => type === 'shutdown');
    versions.deployCanary('2', 50);
    versions.rollback();
    expect(versions.list().map(({ version }) => version)).to.deep.equal(['1', '2']);
    expect((await shutdown)[0].version).to.equal('2');
    expect(versions.list().map(({ version }) => version)).to.deep.equal(['1']);
  });

  it('drop instances of versions on standby when memory is short, and can still return to them', async () => {
    // Room for one that runs at its cap beside what the idle ones hold.
    const engine = await createEngine({ threads: 1, maxTotalMemoryBytes: 2 * MiB });
    const logs = collect(engine, 'plugin:log');
    const sandbox = { maxMemoryBytes: 2 * MiB };
    await engine.loadPlugin('plugin', await witness(), { sandbox, version: '1' });
    await engine.versions('plugin').load(await witness(), { sandbox, version: '2' });
    engine.versions('plugin').deployCanary('2', 100);
    engine.versions('plugin').promoteCanary();
    const answers = Array.from({ length: 20 }, (_, i) => engine.process('plugin', { input: `e${i}` }));
    expect((await Promise.all(answers)).every(({ success }) => success)).to.equal(true);
    const dropped = (): number =>
      logs.filter(({ version, message }) => version === '1' && message === 'shutdown').length;
    expect(dropped()).to.equal(1);
    engine.versions('plugin').rollback();
    expect((await engine.process('plugin', { input: 'e' })).output).to.equal('e');
    expect(logs.filter(({ version, message }) => version === '1' && message === 'initialize').length).to.equal(2);
  });
});
