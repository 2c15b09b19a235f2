import { expect } from 'chai';
import { corePlugin, guest } from '../fixtures/core-plugin.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { isSettled, outcome, until } from '../support/outcome.ts';
import { plugin } from '../support/wat.ts';
import { witness } from './fixtures/witness.ts';

/** Works for so long that it is not this thread that is waited for, and not so long that it works alone. */
const busy = guest(() =>
  plugin(
    corePlugin(() => ({
      definitions: '(global $sink (mut i32) (i32.const 0))',
      process: `(local $i i32) (local $j i32)
        (local.set $i (i32.const 5000))
        (loop $turn
          (local.set $j (i32.add (i32.mul (local.get $j) (i32.const 1664525)) (local.get $i)))
          (br_if $turn (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (global.set $sink (local.get $j))
        (call $ok (local.get $p) (local.get $n))`,
    })),
  ),
);

const LATE = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };

describe('invariant 3: no plugin waits for another', function () {
  this.timeout(120_000);
  after(closeEngines);

  it('a modest plugin is served beside the backlog of a greedy one', async () => {
    const engine = await createEngine({ threads: 2, queueLimit: 100_000 });
    await engine.loadPlugin('greedy', await echo());
    await engine.loadPlugin('modest', await echo());
    await Promise.all([engine.process('greedy', { input: '' }), engine.process('modest', { input: '' })]);
    // A backlog that does not shrink, however fast the engine is: whoever waited for it would see all of it pass.
    const size = 50_000;
    const end = new AbortController();
    let done = 0;
    const insist = async (): Promise<void> => {
      while (!end.signal.aborted) {
        await engine.process('greedy', { input: 'x' });
        done++;
      }
    };
    const backlog = Array.from({ length: size }, insist);
    const passed: number[] = [];
    for (let i = 0; i < 50; i++) {
      const before = done;
      await engine.process('modest', { input: 'y' });
      passed.push(done - before);
    }
    end.abort();
    // Each waited for a few batches of the other; for more of them where the machine gave its thread no processor.
    expect(passed.toSorted((a, b) => a - b)[25]).to.be.below(size / 3);
    await Promise.all(backlog);
  });

  it('a plugin that is new has its turn while another one has work waiting at every thread', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('greedy', await busy());
    const end = new AbortController();
    let done = 0;
    // In blocks, of which each thread has the next one long before it is done with the one before.
    const requests = Array.from({ length: 300 }, () => ({ input: 'x' }));
    const insist = async (): Promise<void> => {
      while (!end.signal.aborted) done += (await engine.processMany('greedy', requests)).length;
    };
    const backlog = Array.from({ length: 6 }, insist);
    await until(() => done > 2_000);
    for (const name of ['new', 'newer']) {
      await engine.loadPlugin(name, await echo());
      expect((await engine.process(name, { input: 'y' })).output).to.equal('y');
    }
    end.abort();
    await Promise.all(backlog);
  });

  it('the work of many plugins is done by turns, whatever the order of arrival', async () => {
    const engine = await createEngine({ threads: 1 });
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await engine.loadPlugin(name, await witness());
    const order: string[] = [];
    engine.on('plugin:event', ({ plugin }) => order.push(plugin));
    // Every backlog arrives as a whole before the next.
    await Promise.all(
      names.flatMap((name) => Array.from({ length: 40 }, (_, i) => engine.process(name, { input: `b${i}` }))),
    );
    for (const name of names) expect(order.slice(0, 80).filter((one) => one === name).length, name).to.be.above(8);
  });

  it('priority decides within a plugin', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('witness', await witness());
    const order: string[] = [];
    engine.on('plugin:event', ({ type }) => order.push(type));
    const priorities = [0, 5, -1, 5, 0, 1, -1, 3, 0, 5];
    await Promise.all(
      priorities.map((priority, i) => engine.process('witness', { input: `b${priority}.${i}` }, { priority })),
    );
    expect(order).to.deep.equal(['b5.1', 'b5.3', 'b5.9', 'b3.7', 'b1.5', 'b0.0', 'b0.4', 'b0.8', 'b-1.2', 'b-1.6']);
  });

  for (const plugins of [['a'], ['a', 'b', 'c', 'd']]) {
    it(`four endless requests to ${plugins.length} plugins leave two threads for the others`, async () => {
      const engine = await createEngine({ threads: 2 });
      for (const name of plugins) await engine.loadPlugin(name, await witness(), { sandbox: LATE });
      await engine.loadPlugin('good', await echo());
      const controller = new AbortController();
      const endless = [0, 1, 2, 3].map((i) =>
        outcome(engine.process(plugins[i % plugins.length]!, { input: `s${i}` }, { signal: controller.signal })),
      );
      let over = 0;
      for (const one of endless) void one.then(() => over++);
      await until(() => engine.status().queued <= (plugins.length === 1 ? 2 : 0));
      for (let i = 0; i < 300; i++) await engine.process('good', { input: `${i}` });
      await Promise.all(Array.from({ length: 3000 }, (_, i) => engine.process('good', { input: `${i}` })));
      expect(over).to.equal(0);
      controller.abort();
      expect(await Promise.all(endless)).to.deep.equal(Array(4).fill('ERR_ABORTED'));
    });
  }

  for (const threads of [1, 2]) {
    it(`no plugin holds the last of ${threads + 1} threads`, async () => {
      const engine = await createEngine({ threads, maxThreads: threads + 1 });
      await engine.loadPlugin('endless', await witness(), { sandbox: LATE });
      await engine.loadPlugin('good', await echo());
      const controller = new AbortController();
      const endless = Array.from({ length: 20 }, (_, i) =>
        outcome(engine.process('endless', { input: `s${i}` }, { signal: controller.signal })),
      );
      let over = 0;
      for (const one of endless) void one.then(() => over++);
      await until(() => engine.status().threads.busy === threads && engine.status().queued === 20 - threads);
      for (let i = 0; i < 200; i++) await engine.process('good', { input: `${i}` });
      expect(over).to.equal(0);
      expect(engine.status().queued).to.equal(20 - threads);
      controller.abort();
      await Promise.all(endless);
    });
  }

  it('plugins that are killed over and over leave the others their turns', async () => {
    const engine = await createEngine({ threads: 2 });
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await engine.loadPlugin(name, await witness(), { sandbox: { cpuTimeLimitMs: 100 } });
    await engine.loadPlugin('good', await echo());
    const kills = collect(engine, 'worker:terminated');
    let state: 'on' | 'off' = 'on' as 'on' | 'off';
    const endless = names.flatMap((name) =>
      Array.from({ length: 4 }, async (_, i) => {
        while (state === 'on')
          expect(await outcome(engine.process(name, { input: `s${i}` }))).to.equal('ERR_CPU_TIME_LIMIT');
      }),
    );
    await nextEvent(engine, 'worker:terminated');
    // The kills are the clock here: each is 100 ms of CPU. A request that had to wait for one each time would be unfair.
    const before = kills.length;
    for (let i = 0; i < 100; i++) await engine.process('good', { input: `${i}` });
    expect(kills.length - before).to.be.below(50);
    state = 'off';
    await Promise.all(endless);
  });

  it('instances that do not end leave the others a thread', async () => {
    const engine = await createEngine({ threads: 1, maxThreads: 2 });
    const inits = collect(engine, 'plugin:log');
    await engine.loadPlugin('good', await echo());
    await engine.loadPlugin('clings', await hostile(), {
      sandbox: { cpuTimeLimitMs: 400 },
      config: { initialize: 'log init', shutdown: 'spin' },
    });
    // Until both threads hold an instance: the second is made while another plugin keeps the thread of the first busy.
    for (let i = 0; inits.filter(({ plugin }) => plugin === 'clings').length < 2; i++) {
      await engine.loadPlugin(`burner-${i}`, await hostile());
      const burnt = engine.process(`burner-${i}`, { input: 'burn 100' });
      await until(() => engine.status().threads.busy === 1 && engine.status().queued === 0);
      await engine.process('clings', { input: '' });
      await burnt;
    }
    const unloaded = engine.unloadPlugin('clings');
    await until(() => engine.status().threads.busy > 0);
    for (let i = 0; i < 50; i++) {
      await engine.process('good', { input: `${i}` });
      // Were it served after the limit only, the instances would be gone by now.
      expect(await isSettled(unloaded), `request ${i}`).to.equal(false);
    }
    await unloaded;
  });
});
