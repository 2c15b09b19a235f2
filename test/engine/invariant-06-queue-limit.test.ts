import { expect } from 'chai';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { PluginEngine } from '../../src/engine.ts';
import { closeEngines, collect, createEngine, ISOLATION } from '../support/engine.ts';
import { isSettled, outcome, rejection, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const LATE = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };

describe('invariant 6: the queue never holds more than its limit', function () {
  this.timeout(60_000);
  after(closeEngines);

  /** An engine whose plugins each have one endless request that runs, so that all others wait. */
  async function blocked(
    options: EngineOptions,
    names: readonly string[] = ['plugin'],
  ): Promise<{ engine: PluginEngine; release(): Promise<void> }> {
    const engine = await createEngine({ threads: 1, ...options });
    const controller = new AbortController();
    const endless: Promise<string>[] = [];
    for (const name of names) {
      await engine.loadPlugin(name, await witness(), { sandbox: LATE });
      endless.push(outcome(engine.process(name, { input: 's' }, { signal: controller.signal, whenFull: 'wait' })));
      await until(() => engine.status().queued === 0 && engine.status().threads.busy === endless.length);
    }
    return {
      engine,
      async release() {
        controller.abort();
        for (const end of endless) expect(await end).to.equal('ERR_ABORTED');
      },
    };
  }

  it('to the request: over it, ERR_QUEUE_FULL at once', async () => {
    const { engine, release } = await blocked({ queueLimit: 5 });
    const queued = Array.from({ length: 5 }, (_, i) => engine.process('plugin', { input: `e${i}` }));
    expect(engine.status().queued).to.equal(5);
    const refused = engine.process('plugin', { input: 'over' }, { requestId: 'r-over' });
    const error = await rejection(refused);
    expect([error.code, error.limit, error.requestId]).to.deep.equal([
      'ERR_QUEUE_FULL',
      { name: 'queueLimit', value: 5 },
      'r-over',
    ]);
    expect(error.hint).to.include('whenFull');
    expect(engine.status().queued).to.equal(5);
    for (const one of queued) expect(await isSettled(one)).to.equal(false);
    await release();
    expect((await Promise.all(queued)).map(({ output }) => output)).to.deep.equal(['e0', 'e1', 'e2', 'e3', 'e4']);
  });

  it('room goes to the callers who wait for it before it goes to those who come later', async () => {
    const { engine, release } = await blocked({ queueLimit: 1 }, ['late']);
    await engine.loadPlugin('early', await witness(), { sandbox: LATE });
    const controller = new AbortController();
    const endless = outcome(engine.process('early', { input: 's' }, { signal: controller.signal }));
    const waiting = engine.process('early', { input: 'e' }, { whenFull: 'wait' });
    await until(() => engine.status().threads.busy === 2);
    // The worker begins the endless one, and no event has told of the room by the time that the next caller comes.
    for (const end = performance.now() + 200; engine.status().queued > 0 && performance.now() < end; );
    expect(await outcome(engine.process('late', { input: 'e' }))).to.equal('ERR_QUEUE_FULL');
    controller.abort();
    expect(await endless).to.equal('ERR_ABORTED');
    expect((await waiting).output).to.equal('e');
    await release();
  });

  it('a request that is aborted leaves its place to one other', async () => {
    const { engine, release } = await blocked({ queueLimit: 3 });
    const controller = new AbortController();
    const queued = [0, 1, 2].map((i) =>
      outcome(engine.process('plugin', { input: `e${i}` }, i === 1 ? { signal: controller.signal } : {})),
    );
    expect(await outcome(engine.process('plugin', { input: 'e' }))).to.equal('ERR_QUEUE_FULL');
    controller.abort();
    expect(await queued[1]).to.equal('ERR_ABORTED');
    expect(engine.status().queued).to.equal(2);
    const next = outcome(engine.process('plugin', { input: 'e3' }));
    expect(await outcome(engine.process('plugin', { input: 'e' }))).to.equal('ERR_QUEUE_FULL');
    await release();
    expect(await Promise.all([queued[0], queued[2], next])).to.deep.equal(['ok', 'ok', 'ok']);
  });

  it('of each plugin too, and the others have theirs', async () => {
    const { engine, release } = await blocked({ queueLimit: 10, pluginQueueLimit: 3, maxThreads: 4 }, ['a', 'b']);
    const a = Array.from({ length: 3 }, () => engine.process('a', { input: 'e' }));
    const error = await rejection(engine.process('a', { input: 'e' }));
    expect([error.code, error.limit]).to.deep.equal(['ERR_QUEUE_FULL', { name: 'pluginQueueLimit', value: 3 }]);
    expect(error.message).to.equal('The queue holds 3 requests of the plugin, its limit');
    const b = Array.from({ length: 3 }, () => engine.process('b', { input: 'e' }));
    expect(await outcome(engine.process('b', { input: 'e' }))).to.equal('ERR_QUEUE_FULL');
    expect(engine.status().queued).to.equal(6);
    await release();
    await Promise.all([...a, ...b]);
  });

  it('and the error names the limit that was reached', async () => {
    const { engine, release } = await blocked({ queueLimit: 4, pluginQueueLimit: 3, maxThreads: 4 }, ['a', 'b']);
    const queued = ['a', 'a', 'b', 'b'].map((name) => engine.process(name, { input: 'e' }));
    const error = await rejection(engine.process('a', { input: 'e' }));
    expect(error.limit).to.deep.equal({ name: 'queueLimit', value: 4 });
    expect(error.message).to.equal('The queue holds 4 requests, its limit');
    await release();
    await Promise.all(queued);
  });

  it('what runs, or was put back after a kill, is counted right', async () => {
    const engine = await createEngine({ threads: 1, queueLimit: 20 });
    await engine.loadPlugin('plugin', await witness(), { sandbox: { cpuTimeLimitMs: 60 } });
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, engine.status().queued);
    }, 0);
    for (let round = 0; round < 5; round++) {
      const ends: Promise<string>[] = [outcome(engine.process('plugin', { input: 's' }))];
      await until(() => engine.status().queued === 0);
      for (let i = 0; i < 30; i++) ends.push(outcome(engine.process('plugin', { input: i % 7 === 3 ? 's' : 'e' })));
      const ended = await Promise.all(ends);
      expect(ended.filter((code) => code === 'ERR_QUEUE_FULL').length).to.equal(10);
      expect(ended.filter((code) => code === 'ok').length).to.equal(17);
    }
    clearInterval(watch);
    expect(most).to.equal(20);
  });

  describe("with whenFull: 'wait'", () => {
    it('the caller waits for room instead, in order, and the queue stays within its limit', async () => {
      const { engine, release } = await blocked({ queueLimit: 2, whenFull: 'wait' });
      const order: string[] = [];
      engine.on('plugin:event', ({ type }) => order.push(type));
      const inputs = Array.from({ length: 50 }, (_, i) => `e${i}`);
      const answers = inputs.map((input) => engine.process('plugin', { input }));
      expect(engine.status().queued).to.equal(2);
      expect(engine.listPlugins()[0]?.pending).to.equal(51);
      expect(await outcome(engine.process('plugin', { input: 'e' }, { whenFull: 'reject' }))).to.equal(
        'ERR_QUEUE_FULL',
      );
      await release();
      await Promise.all(answers);
      // The endless request's own event may come after the listener.
      expect(order.filter((type) => type !== 's')).to.deep.equal(inputs);
    });

    it('plugins get in by turns', async () => {
      const { engine, release } = await blocked({ queueLimit: 1, whenFull: 'wait', maxThreads: 4 }, ['a', 'b']);
      const events = collect(engine, 'plugin:event');
      const greedy = Array.from({ length: 40 }, (_, i) => engine.process('a', { input: `a${i}` }));
      const modest = Array.from({ length: 3 }, (_, i) => engine.process('b', { input: `b${i}` }));
      await release();
      await Promise.all([...greedy, ...modest]);
      const last = events.findIndex(({ type }) => type === 'b2');
      expect(last).to.be.below(12);
    });

    it('a waiting caller can be aborted, and has a deadline', async () => {
      const { engine, release } = await blocked({ queueLimit: 1, whenFull: 'wait' });
      const first = engine.process('plugin', { input: 'e' });
      const controller = new AbortController();
      const aborted = rejection(engine.process('plugin', { input: 'e' }, { signal: controller.signal }));
      const late = rejection(engine.process('plugin', { input: 'e' }, { deadlineMs: 20 }));
      const last = engine.process('plugin', { input: 'e' });
      controller.abort(new Error('changed my mind'));
      const error = await aborted;
      expect([error.code, (error.cause as Error).message]).to.deep.equal(['ERR_ABORTED', 'changed my mind']);
      expect((await late).code).to.equal('ERR_DEADLINE');
      expect(engine.listPlugins()[0]?.pending).to.equal(3);
      await release();
      await Promise.all([first, last]);
      expect(engine.listPlugins()[0]?.pending).to.equal(0);
    });

    it('a newcomer does not overtake who waits', async () => {
      const { engine, release } = await blocked({ queueLimit: 2 });
      const first = new AbortController();
      const queued = [
        outcome(engine.process('plugin', { input: 's1' }, { signal: first.signal })),
        outcome(engine.process('plugin', { input: 'e2' })),
      ];
      const waiting = outcome(engine.process('plugin', { input: 'e3' }, { whenFull: 'wait' }));
      // When the first has begun there is room for one. It belongs to the caller who waits for it.
      const newcomer = new Promise<string>((resolve) => {
        engine.on('plugin:event', ({ type }) => {
          if (type !== 's1') return;
          resolve(outcome(engine.process('plugin', { input: 'e4' })));
          first.abort();
        });
      });
      const begun = collect(engine, 'plugin:event');
      await release();
      // In a process of its own what is handed to a thread there has begun, for all that is known here: the second, too.
      if ((await newcomer) !== 'ok' || ISOLATION === 'none') expect(await newcomer).to.equal('ERR_QUEUE_FULL');
      expect(await Promise.all([...queued, waiting])).to.deep.equal(['ERR_ABORTED', 'ok', 'ok']);
      const order = begun.map(({ type }) => type).filter((type) => type === 'e3' || type === 'e4');
      expect(order[0]).to.equal('e3');
    });

    it('what waits when the engine closes is done first', async () => {
      const { engine, release } = await blocked({ queueLimit: 1, whenFull: 'wait' });
      const answers = Array.from({ length: 5 }, (_, i) => engine.process('plugin', { input: `e${i}` }));
      const closed = engine.close();
      await release();
      expect((await Promise.all(answers)).length).to.equal(5);
      await closed;
    });
  });
});
