import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { addressSpace, RESERVED_BYTES } from '../../src/scheduler/address-space.ts';
import { hostile, memories } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { fullPlugin, respond } from '../workers/guest.ts';
import { LIMITS } from './attack.ts';
import { tenMemories, thirtyMemories } from './guests/bombs.ts';
import { Traffic } from './traffic.ts';

const MiB = 1024 * 1024;
const PLUGINS = 8;
/** Grows to 30 MiB, writes to all of it, and goes on. */
const GROWS = `
  (drop (memory.grow (i32.const 479)))
  (memory.fill (i32.const 65536) (i32.const 1) (i32.const ${479 * 65_536}))
  ${respond('(local.get $input)', '(local.get $length)')}`;
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

  it('is given back when instances are dropped that have grown: fresh ones, and ones that trap', async () => {
    const grown = await Promise.all([fullPlugin({ process: GROWS }), fullPlugin({ process: `${GROWS} unreachable` })]);
    await engine.loadPlugin('answers', grown[0], { sandbox: { ...GREEDY, instances: 'fresh' } });
    await engine.loadPlugin('traps', grown[1], { sandbox: GREEDY });
    const outcomes = new Set<string>();
    const before = residentBytes();
    let most = 0;
    for (let request = 0; request < 10; request++) {
      const [answer, error] = await Promise.all([
        engine.process('answers', { input: 'hello' }),
        rejection(engine.process('traps', { input: 'hello' })),
      ]);
      outcomes.add(`${answer.output} ${error.code}`);
      most = Math.max(most, residentBytes() - before);
    }
    expect([...outcomes]).to.deep.equal(['hello ERR_TRAP']);
    // They leave 0.6 GiB behind. The budget, a quarter, and what the threads and this test take for themselves.
    expect(most).to.be.below(90 * MiB + 100 * MiB);
  });

  it('counts the addresses that memories reserve: plugins with many of them take turns', async () => {
    const { limit } = addressSpace;
    addressSpace.bound(25 * RESERVED_BYTES);
    try {
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (const name of names) await engine.loadPlugin(name, await tenMemories(), { sandbox: LIMITS });
      const passes = traffic.passes(50);
      for (let round = 0; round < 3; round++) {
        const answers = await Promise.all(names.map((name) => engine.process(name, { input: name })));
        expect(answers.map(({ output }) => output)).to.deep.equal(names);
        expect(addressSpace.booked).to.be.at.most(25);
      }
      await passes;
      const error = await rejection(engine.loadPlugin('giant', await thirtyMemories(), { sandbox: LIMITS }));
      expect([error.code, error.limit]).to.deep.equal([
        'ERR_MEMORY_LIMIT',
        { name: 'memories of the process', value: 25 },
      ]);
    } finally {
      addressSpace.bound(limit * RESERVED_BYTES);
    }
  });

  it('is refused to an instance that could never fit', async () => {
    const error = await rejection(
      engine.loadPlugin('giant', await memories.growingMemory(), { sandbox: { maxMemoryBytes: 1024 * MiB } }),
    );
    expect([error.code, error.limit?.name]).to.deep.equal(['ERR_MEMORY_LIMIT', 'maxTotalMemoryBytes']);
    await traffic.passes(20);
  });
});

function residentBytes(): number {
  return process.memoryUsage.rss();
}
