import { expect } from 'chai';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, rejection, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const MiB = 1024 * 1024;

describe('the memory of all instances', function () {
  this.timeout(60_000);
  after(closeEngines);

  it('is bounded: a plugin that could never fit is refused when it is loaded', async () => {
    const engine = await createEngine({ threads: 1, maxTotalMemoryBytes: 1 * MiB });
    const error = await rejection(
      engine.loadPlugin('large', await witness(), { sandbox: { maxMemoryBytes: 2 * MiB } }),
    );
    expect([error.code, error.limit]).to.deep.equal([
      'ERR_MEMORY_LIMIT',
      { name: 'maxTotalMemoryBytes', value: 1 * MiB },
    ]);
    expect(engine.listPlugins()).to.deep.equal([]);
  });

  it('makes room by shutting down instances that wait, and loses no request', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `plugin-${i}`);
    // Room for two that run at their cap: the six take turns, and each turn may have to end another's instance.
    const engine = await createEngine({ threads: 2, maxTotalMemoryBytes: 4 * MiB });
    for (const name of names) await engine.loadPlugin(name, await witness(), { sandbox: { maxMemoryBytes: 2 * MiB } });
    const answers = await Promise.all(
      Array.from({ length: 600 }, (_, i) => engine.process(names[i % names.length]!, { input: `e${i}` })),
    );
    expect(answers.map(({ success }) => success)).to.deep.equal(answers.map(() => true));
  });

  it('is made where an instance waits for its shutdown already, once a thread is left for requests', async () => {
    const engine = await createEngine({ threads: 1, maxThreads: 2, maxTotalMemoryBytes: 5 * MiB });
    const sandbox = { maxMemoryBytes: 2 * MiB };
    await engine.loadPlugin('leaving', await witness(), { sandbox });
    await engine.loadPlugin('endless', await witness(), { sandbox });
    // One thread runs an endless request, and the only other one has an instance of `leaving`.
    const controller = new AbortController();
    const endless = outcome(engine.process('endless', { input: 's' }, { signal: controller.signal }));
    await engine.process('leaving', { input: 'e' });
    await until(() => engine.status().threads.idle === 1);
    const unloaded = engine.unloadPlugin('leaving');
    const large = engine.loadPlugin('large', await witness(), { sandbox: { maxMemoryBytes: 5 * MiB } });
    await until(() => engine.status().queued === 1);
    controller.abort();
    expect(await endless).to.equal('ERR_ABORTED');
    await Promise.all([unloaded, large]);
    expect(engine.listPlugins().map(({ name }) => name)).to.deep.equal(['endless', 'large']);
  });
});
