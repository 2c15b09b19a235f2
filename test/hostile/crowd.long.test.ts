import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';
import { exportedFunctions } from './guests/compiler-bombs.ts';
import { withModules } from './guests/compiler-plugins.ts';
import { Traffic } from './traffic.ts';

const PATIENT: Policy = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };
const LITTLE_CPU: Policy = { cpuTimeLimitMs: 100 };

describe('many hostile plugins at once, beside innocent traffic', function () {
  this.timeout(120_000);
  let engine: PluginEngine;
  let traffic: Traffic;

  beforeEach(async () => {
    engine = await createEngine({ cacheDirectory: false });
    traffic = await Traffic.begin(engine);
    await traffic.passes(100);
  });

  afterEach(async () => {
    expect(await traffic.stop(), 'innocent requests without an answer').to.equal(0);
    expect(traffic.failures).to.deep.equal([]);
  });

  after(closeEngines);

  const names = Array.from({ length: 9 }, (_, index) => `hostile-${index}`);

  it('nine names that loop hold no thread that others need', async () => {
    const bytes = await hostile();
    for (const name of names) await engine.loadPlugin(name, bytes, { sandbox: PATIENT });
    let over = 0;
    const controller = new AbortController();
    const { signal } = controller;
    const loops = names.map((name) =>
      outcome(engine.process(name, { input: 'spin' }, { signal })).finally(() => {
        over++;
      }),
    );
    await until(() => engine.status().queued > 0 && engine.status().threads.starting === 0);
    await traffic.passes(500);
    expect(over, 'loops that ended').to.equal(0);
    controller.abort();
    expect(new Set(await Promise.all(loops))).to.deep.equal(new Set(['ERR_ABORTED']));
  });

  it('keep no more processors busy than there are, once each has cost a thread', async () => {
    const bytes = await hostile();
    const five = names.slice(0, 5);
    for (const name of five) await engine.loadPlugin(name, bytes, { sandbox: LITTLE_CPU });
    const kills = five.map((name) => outcome(engine.process(name, { input: 'spin' })));
    expect(new Set(await Promise.all(kills))).to.deep.equal(new Set(['ERR_CPU_TIME_LIMIT']));
    for (const name of five) await engine.reloadPlugin(name, bytes, { sandbox: PATIENT });
    const controller = new AbortController();
    const { signal } = controller;
    const loops = five.map((name) => outcome(engine.process(name, { input: 'spin' }, { signal })));
    await until(() => engine.status().queued > 0 && engine.status().threads.starting === 0);
    for (let look = 0; look < 10; look++) {
      await traffic.passes(20);
      // Five, but for one on each of the two processors.
      expect(engine.status().queued, 'that wait').to.be.at.least(3);
    }
    controller.abort();
    expect(new Set(await Promise.all(loops))).to.deep.equal(new Set(['ERR_ABORTED']));
  });

  it('nine names that loop until their limit, over and over, cost nobody else a request', async () => {
    const bytes = await hostile();
    for (const name of names) await engine.loadPlugin(name, bytes, { sandbox: LITTLE_CPU });
    const loop = async (name: string): Promise<void> => {
      for (let kill = 0; kill < 2; kill++)
        expect(await outcome(engine.process(name, { input: 'spin' }))).to.equal('ERR_CPU_TIME_LIMIT');
    };
    await Promise.all(names.map(loop));
    await traffic.passes(100);
  });

  it('components that take seconds to load do not hold up the one that does not', async () => {
    let over = 0;
    const controller = new AbortController();
    const loads = names.slice(0, 4).map(async (name, index) => {
      // Each is another component, so that none is made of what another left.
      const slow = await withModules(() => [exportedFunctions(40_000 + index)])();
      await outcome(engine.loadPlugin(name, slow, { signal: controller.signal }));
      over++;
    });
    await engine.loadPlugin('innocent', await hostile());
    expect((await engine.process('innocent', { input: 'hello' })).output).to.equal('hello');
    expect(over, 'slow loads that were over before').to.be.below(loads.length);
    await traffic.passes(100);
    controller.abort();
    await Promise.all(loads);
  });
});
