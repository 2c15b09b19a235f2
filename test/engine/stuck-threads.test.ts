import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { StuckThread } from '../../src/index.ts';
import { echo } from '../fixtures/guests.ts';
import { closeEngines, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection, until } from '../support/outcome.ts';
import { BLOCK, Uninterruptible } from '../support/uninterruptible.ts';

const SOON = { wallTimeLimitMs: 500 };

describe('threads that do not end', function () {
  this.timeout(60_000);
  let blocked: Uninterruptible;

  before(() => {
    blocked = new Uninterruptible();
  });

  afterEach(async () => {
    blocked.release();
    await closeEngines();
  });

  after(() => blocked.remove());

  /** Has so many threads of a plugin stuck. */
  async function stick(engine: PluginEngine, plugin: string, threads: number): Promise<StuckThread[]> {
    const stuck: StuckThread[] = [];
    engine.on('worker:stuck', (thread) => stuck.push(thread));
    for (let i = 0; i < threads; i++)
      expect(await outcome(engine.process(plugin, { input: BLOCK }))).to.equal('ERR_WALL_TIME_LIMIT');
    await until(() => stuck.length === threads);
    return stuck;
  }

  it('are told of, and stay on the books until they are gone', async () => {
    const engine = await createEngine({ threads: 1, maxThreads: 3 });
    await engine.loadPlugin('bad', await echo(), { sandbox: SOON });
    await engine.loadPlugin('good', await echo());
    const killed = nextEvent(engine, 'worker:terminated');
    const [stuck] = await stick(engine, 'bad', 1);
    const [{ threadId }] = await killed;
    expect(stuck).to.deep.include({ plugin: 'bad', code: 'ERR_WALL_TIME_LIMIT', threadId, sinceMs: 2000, stuck: 1 });
    await until(() => engine.status().threads.starting === 0);
    const { threads } = engine.status();
    expect(threads.stuck).to.equal(1);
    expect(threads.idle + threads.busy + threads.ending).to.be.at.most(2);
    expect((await engine.process('good', { input: 'hello' })).output).to.equal('hello');
    blocked.release();
    await until(() => engine.status().threads.stuck === 0);
    // Its place is free again.
    expect((await engine.process('bad', { input: 'hello' })).output).to.equal('hello');
  });

  it('hold their memory until they are gone', async () => {
    const MiB = 1024 * 1024;
    const engine = await createEngine({ threads: 1, maxThreads: 4, maxTotalMemoryBytes: 40 * MiB });
    const sandbox = { ...SOON, maxMemoryBytes: 30 * MiB };
    await engine.loadPlugin('bad', await echo(), { sandbox });
    await engine.loadPlugin('good', await echo(), { sandbox: { maxMemoryBytes: 30 * MiB } });
    await stick(engine, 'bad', 1);
    const waits = engine.process('good', { input: 'hello' });
    const answered = waits.then(() => engine.status().threads.stuck);
    expect(await outcome(engine.process('good', { input: 'late' }, { deadlineMs: 100 }))).to.equal('ERR_DEADLINE');
    blocked.release();
    expect(await answered).to.equal(0);
  });

  it('are no more than a plugin may have: then its requests fail, and nobody else’s', async () => {
    const engine = await createEngine({ threads: 2, maxThreads: 4 });
    await engine.loadPlugin('bad', await echo(), { sandbox: SOON });
    await engine.loadPlugin('good', await echo());
    const waiting = stick(engine, 'bad', 2);
    await until(() => engine.status().threads.ending + engine.status().threads.stuck === 2);
    // It waits for a thread while they may still end, and fails when that is not to be expected.
    const waited = rejection(engine.process('bad', { input: 'hello' }));
    await waiting;
    for (const error of [await waited, await rejection(engine.process('bad', { input: 'hello' }))])
      expect([error.code, error.limit]).to.deep.equal(['ERR_WORKER_CRASHED', { name: 'threads', value: 2 }]);
    const answers = Array.from({ length: 100 }, () => engine.process('good', { input: 'hello' }));
    expect(new Set((await Promise.all(answers)).map(({ output }) => output))).to.deep.equal(new Set(['hello']));
    // Loading it under the same name again does not clear its account.
    await engine.unloadPlugin('bad', { force: true });
    expect((await rejection(engine.loadPlugin('bad', await echo()))).code).to.equal('ERR_WORKER_CRASHED');
    blocked.release();
    await until(() => engine.status().threads.stuck === 0);
    await engine.loadPlugin('bad', await echo());
    expect((await engine.process('bad', { input: 'hello' })).output).to.equal('hello');
  });

  for (const force of [true, false]) {
    it(`do not keep the engine from closing${force ? ' by force' : ''}`, async () => {
      const engine = await createEngine({ threads: 1, maxThreads: 2 });
      await engine.loadPlugin('bad', await echo(), { sandbox: SOON });
      const request = outcome(engine.process('bad', { input: BLOCK }));
      if (force) await until(() => engine.status().threads.busy === 1 && engine.status().queued === 0);
      else await request;
      await engine.close({ force });
      expect(await request).to.equal(force ? 'ERR_ENGINE_CLOSED' : 'ERR_WALL_TIME_LIMIT');
      expect(engine.status().threads.stuck).to.equal(1);
      blocked.release();
      await until(() => engine.status().threads.stuck === 0);
    });
  }
});
