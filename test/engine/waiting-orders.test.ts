import { expect } from 'chai';
import { Supervisor } from '../../src/scheduler/supervisor.ts';
import { echo } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { outcome } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const REQUESTS = 2_000;

describe('requests that wait at a worker behind others', function () {
  this.timeout(120_000);
  // What is seen here has to be about orders that wait.
  const { runBehind } = Supervisor.prototype;
  let waited = 0;
  before(() => {
    Supervisor.prototype.runBehind = function (...batches): void {
      waited++;
      runBehind.apply(this, batches);
    };
  });
  after(async () => {
    await closeEngines();
    Supervisor.prototype.runBehind = runBehind;
  });

  for (const interrupt of ['terminate', 'trap'] as const) {
    for (const threads of [1, 2]) {
      it(`run once each when one before them is killed, with ${threads} threads and \`interrupt: '${interrupt}'\``, async () => {
        const engine = await createEngine({ threads });
        await engine.loadPlugin('witness', await witness(), { sandbox: { cpuTimeLimitMs: 100, interrupt } });
        await Promise.all(Array.from({ length: 100 }, () => engine.process('witness', { input: 'w' })));
        const events = collect(engine, 'plugin:event');
        const before = waited;
        const inputs = Array.from({ length: REQUESTS }, (_, i) => (i === REQUESTS / 2 ? 's' : `x${i}`));
        const ends = await Promise.all(inputs.map((input) => outcome(engine.process('witness', { input }))));
        expect(waited).to.be.above(before);
        expect(ends.filter((end) => end !== 'ok')).to.deep.equal(['ERR_CPU_TIME_LIMIT']);
        expect(events.map(({ type }) => type).toSorted()).to.deep.equal(inputs.toSorted());
      });
    }
  }

  it('have what they say told as theirs, also where those before them are given up', async () => {
    const engine = await createEngine({ threads: 1, maxThreads: 2, queueLimit: 10_000, pluginQueueLimit: 10_000 });
    for (const plugin of ['speaker', 'silent']) await engine.loadPlugin(plugin, await echo());
    const speak = () => Array.from({ length: 600 }, () => engine.process('speaker', { input: 'log it' }));
    for (let round = 0; round < 4; round++) await Promise.all(speak());
    const logs = collect(engine, 'plugin:log');
    const before = waited;
    const records = Array.from({ length: 2_000 }, () => ({ input: 'nothing' }));
    for (let round = 0; round < 8; round++) {
      const controller = new AbortController();
      const spoken = speak();
      const block = outcome(engine.processMany('silent', records, { signal: controller.signal }));
      await spoken[100 * (round % 6)];
      controller.abort();
      await Promise.all([...spoken, block]);
    }
    expect(waited).to.be.above(before);
    // Beside what each says when an instance is made.
    const plugins = logs.filter(({ message }) => message === 'it').map(({ plugin }) => plugin);
    expect(plugins.length).to.equal(8 * 600);
    expect(plugins.filter((plugin) => plugin !== 'speaker')).to.deep.equal([]);
  });

  it('do not begin once they are given up, also where their worker is just getting to them', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('witness', await witness());
    await Promise.all(Array.from({ length: 100 }, () => engine.process('witness', { input: 'w' })));
    const events = collect(engine, 'plugin:event');
    const before = waited;
    const controller = new AbortController();
    const { signal } = controller;
    const inputs = Array.from({ length: REQUESTS }, (_, i) => `x${i}`);
    const ends = inputs.map(async (input, i) => {
      const end = await outcome(engine.process('witness', { input }, { signal }));
      // In the middle of what workers have.
      if (i === REQUESTS / 8) controller.abort();
      return end;
    });
    const codes = await Promise.all(ends);
    expect(waited).to.be.above(before);
    const answered = inputs.filter((_, i) => codes[i] === 'ok');
    expect(new Set(codes)).to.deep.equal(new Set(['ok', 'ERR_ABORTED']));
    const began = events.map(({ type }) => type);
    expect(new Set(began).size).to.equal(began.length);
    expect(began).to.include.members(answered);
    // Of those that were given up each thread was in one at the most.
    expect(began.length - answered.length).to.be.at.most(2);
  });
});
