import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { hostile, memories } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { Traffic } from './traffic.ts';

const MiB = 1024 * 1024;
const PLUGINS = 8;
const GREEDY: Policy = { maxMemoryBytes: 32 * MiB };

describe('the memory of all hostile plugins together', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  let traffic: Traffic;

  beforeEach(async () => {
    // The bystander's instance and one of the greedy ones.
    engine = await createEngine({ maxTotalMemoryBytes: 72 * MiB });
    traffic = await Traffic.begin(engine);
  });

  afterEach(async () => {
    expect(await traffic.stop()).to.equal(0);
    expect(traffic.failures).to.deep.equal([]);
    await engine.close();
  });

  after(closeEngines);

  it('stays within the budget of the engine: what does not fit waits, and nobody is refused', async () => {
    const names = Array.from({ length: PLUGINS }, (_, index) => `greedy-${index}`);
    const bytes = await hostile();
    for (const name of names) await engine.loadPlugin(name, bytes, { sandbox: GREEDY });
    const passes = traffic.passes(50);
    // 28 MiB each, several times over, so that instances which hold them have to go for others.
    for (let round = 0; round < 3; round++) {
      const grown = names.map((name) => engine.process(name, { input: round === 0 ? 'grow 448' : 'hello' }));
      for (const { output } of await Promise.all(grown)) expect(output).to.be.oneOf(['2', 'hello']);
    }
    await passes;
  });

  it('is refused to an instance that could never fit', async () => {
    const error = await rejection(
      engine.loadPlugin('giant', await memories.growingMemory(), { sandbox: { maxMemoryBytes: 1024 * MiB } }),
    );
    expect([error.code, error.limit?.name]).to.deep.equal(['ERR_MEMORY_LIMIT', 'maxTotalMemoryBytes']);
    await traffic.passes(20);
  });
});
