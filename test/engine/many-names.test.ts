import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { echo } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const LATE = { cpuTimeLimitMs: 240_000, wallTimeLimitMs: 240_000 };
const NAMES = Array.from({ length: 9 }, (_, index) => `loops-${index}`);

describe('invariant 3: many names that loop', function () {
  this.timeout(240_000);
  after(closeEngines);

  /** Asks for endless requests to each, and returns how many have begun, how many are over, and what ends them. */
  function loop(
    engine: PluginEngine,
    requests: number,
  ): { begun: () => number; over: () => number; end: () => Promise<void> } {
    const controller = new AbortController();
    const { signal } = controller;
    let begun = 0;
    let over = 0;
    engine.on('plugin:event', ({ type }) => {
      if (/^s\d$/.test(type)) begun++;
    });
    const endless = NAMES.flatMap((name) =>
      Array.from({ length: requests }, (_, i) => outcome(engine.process(name, { input: `s${i}` }, { signal }))),
    );
    for (const one of endless) void one.then(() => over++);
    const end = async (): Promise<void> => {
      controller.abort();
      await Promise.all(endless);
    };
    return { begun: () => begun, over: () => over, end };
  }

  for (const before of ['have done nothing before', 'have behaved before']) {
    it(`leave a thread to a plugin that behaves, where they ${before}`, async () => {
      const engine = await createEngine({ threads: 2 });
      for (const name of NAMES) await engine.loadPlugin(name, await witness(), { sandbox: LATE });
      await engine.loadPlugin('good', await echo());
      const serve = async (): Promise<void> => {
        for (let i = 0; i < 40; i++) await engine.process('good', { input: `${i}` });
        await Promise.all(Array.from({ length: 300 }, (_, i) => engine.process('good', { input: `${i}` })));
      };
      await serve();
      if (before === 'have behaved before')
        await Promise.all(NAMES.map((name) => engine.process(name, { input: 'a few' })));
      const loops = loop(engine, 3);
      // Seven of the eight threads go to those that are not known to do otherwise.
      await until(() => loops.begun() === 7);
      await serve();
      expect([loops.begun(), loops.over(), engine.status().threads.busy]).to.deep.equal([7, 0, 7]);
      await loops.end();
      // Nobody is shut out for good.
      await Promise.all(NAMES.map((name) => engine.process(name, { input: 'again' })));
      await engine.close();
    });
  }

  it('of one group have the threads of one plugin together, and are served by turns within it', async () => {
    const engine = await createEngine({ threads: 2 });
    for (const name of NAMES) await engine.loadPlugin(name, await witness(), { sandbox: LATE, group: 'a customer' });
    await engine.loadPlugin('good', await echo());
    const loops = loop(engine, 1);
    await until(() => engine.status().threads.busy === 2 && engine.status().queued === 7);
    for (let i = 0; i < 100; i++) await engine.process('good', { input: `${i}` });
    expect([loops.over(), engine.status().queued]).to.deep.equal([0, 7]);
    await loops.end();
    const order: string[] = [];
    engine.on('plugin:event', ({ plugin }) => order.push(plugin));
    const two = NAMES.slice(0, 2);
    const work = two.flatMap((name) => Array.from({ length: 40 }, (_, i) => engine.process(name, { input: `b${i}` })));
    await Promise.all(work);
    for (const name of two) expect(order.slice(0, 40).filter((one) => one === name).length, name).to.be.above(4);
  });
});
