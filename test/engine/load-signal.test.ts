import { expect } from 'chai';
import { echo, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, createEngine, nextEvent } from '../support/engine.ts';
import { rejection, until } from '../support/outcome.ts';

describe('a load that is given up', function () {
  this.timeout(60_000);
  after(closeEngines);

  for (const when of ['before it is asked for', 'while it compiles'] as const) {
    it(`${when}, rejects and leaves its name free`, async () => {
      const engine = await createEngine({ cacheDirectory: false });
      const controller = new AbortController();
      if (when === 'before it is asked for') controller.abort('enough');
      const load = rejection(engine.loadPlugin('echo', await echo(), { signal: controller.signal }));
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort('enough');
      const error = await load;
      expect([error.code, error.plugin, error.cause]).to.deep.equal(['ERR_ABORTED', 'echo', 'enough']);
      await engine.loadPlugin('echo', await echo());
      expect((await engine.process('echo', { input: 'hello' })).output).to.equal('hello');
      await engine.close();
    });
  }

  it('while it starts, has its thread ended', async () => {
    const engine = await createEngine({ threads: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const load = rejection(engine.loadPlugin('stuck', await lifecycle.initializeSpins(), { signal }));
    await until(() => engine.status().threads.busy === 1 && engine.status().queued === 0);
    const terminated = nextEvent(engine, 'worker:terminated');
    controller.abort();
    expect((await load).code).to.equal('ERR_ABORTED');
    await terminated;
    expect(engine.listPlugins()).to.deep.equal([]);
    await engine.close();
  });

  it('says nothing about the plugin once it is loaded: it is reloaded without the signal', async () => {
    const engine = await createEngine();
    const controller = new AbortController();
    await engine.loadPlugin('echo', await echo(), { signal: controller.signal });
    controller.abort();
    await engine.reloadPlugin('echo');
    expect((await engine.process('echo', { input: 'hello' })).output).to.equal('hello');
    const error = await rejection(engine.loadPlugin('other', await echo(), { signal: 'soon' as never }));
    expect([error.code, error.message]).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      "Expected `signal` to be an AbortSignal, got `'soon'` (string)",
    ]);
  });
});
