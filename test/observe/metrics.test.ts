import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { VersionSnapshot } from '../../src/observe/snapshot.ts';
import { echo, hostile, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';

describe('engine.metrics', () => {
  after(closeEngines);

  const of = (engine: PluginEngine, plugin: string, version = '1.0.0'): VersionSnapshot => {
    const found = engine.metrics
      .snapshot()
      .plugins.filter((entry) => entry.plugin === plugin && entry.version === version);
    expect(found, `${plugin} ${version}`).to.have.length(1);
    return found[0]!;
  };

  it('counts calls with their times, batches and instances over all threads', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('echo', await echo());
    const start = performance.now();
    await Promise.all(Array.from({ length: 500 }, (_, i) => engine.process('echo', { input: `a${i}` })));
    const elapsed = performance.now() - start;
    const { calls, refused, errors, durationMs, queueWaitMs, batchSize, queueDepth, ...rest } = of(engine, 'echo');
    expect({ calls, refused, errors, queueDepth }).to.deep.equal({ calls: 500, refused: 0, errors: {}, queueDepth: 0 });
    expect([durationMs.count, queueWaitMs.count]).to.deep.equal([500, 500]);
    // Two threads at the most, and no call waits longer than all of it took.
    expect(durationMs.sum)
      .to.be.greaterThan(0)
      .and.at.most(2 * elapsed);
    expect(queueWaitMs.max).to.be.greaterThan(0).and.at.most(elapsed);
    expect(batchSize.sum).to.be.at.least(500);
    expect(batchSize.count).to.be.within(2, 500);
    expect(rest.instances).to.be.within(1, 3);
    expect(rest.instancesMade).to.equal(rest.instances);
    expect(rest.memoryPeakBytes).to.equal(2 * 65_536);
    // A thread is busy until it has been looked at after its last answer.
    await until(() => engine.metrics.snapshot().threads.busy === 0);
  });

  it('measures in the worker and in the queue what was spent there', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echo', await echo());
    await engine.process('echo', { input: 'warm' });
    const before = of(engine, 'echo');
    // Some 30 ms each, one after the other on one thread until the first has run long.
    const asked = performance.now();
    const slow = ['burn 20', 'burn 20', 'burn 20'].map((input) => engine.process('echo', { input }));
    expect(of(engine, 'echo').queueDepth).to.be.at.least(2);
    await Promise.all(slow);
    const took = performance.now() - asked;
    const { durationMs, queueWaitMs } = of(engine, 'echo');
    const worked = durationMs.sum - before.durationMs.sum;
    expect(worked).to.be.greaterThan(15);
    // Who waits may wait for a thread to start, too.
    expect(queueWaitMs.max)
      .to.be.greaterThan(5)
      .and.lessThan(took * 1.1);
    await until(() => of(engine, 'echo').cpuMs - before.cpuMs > 10);
    expect(of(engine, 'echo').cpuMs).to.be.lessThan(1000 + 2 * durationMs.sum);
  });

  it('counts answers that say no, and errors by code', async () => {
    const engine = await createEngine({ threads: 1, queueLimit: 1 });
    await engine.loadPlugin('hostile', await hostile());
    const ask = (input: string) => outcome(engine.process('hostile', { input }));
    for (const input of ['fail', 'divide', 'oob', 'bad-utf8', 'fail']) await ask(input);
    const aborted = engine.process('hostile', { input: 'x' }, { signal: AbortSignal.abort() });
    expect(await outcome(aborted)).to.equal('ERR_ABORTED');
    await Promise.all(Array.from({ length: 3 }, () => ask('x')));
    const { calls, refused, errors, instancesMade, instances } = of(engine, 'hostile');
    expect({ refused, errors }).to.deep.equal({
      refused: 2,
      errors: { ERR_TRAP: 2, ERR_INVALID_RESPONSE: 1, ERR_ABORTED: 1, ERR_QUEUE_FULL: 2 },
    });
    // What never began is no call.
    expect(calls).to.equal(6);
    // The first one, and one after each of the three that died.
    expect([instancesMade, instances]).to.deep.equal([4, 1]);
  });

  it('counts what the guest asks of the host, and what it holds', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile());
    await engine.process('hostile', { input: 'x' });
    const before = of(engine, 'hostile');
    await engine.process('hostile', { input: 'flood-config 25' });
    await engine.process('hostile', { input: 'grow 10' });
    expect(of(engine, 'hostile').hostCalls - before.hostCalls).to.equal(25);
    // Memory is looked at when a batch ends, just after its results are out.
    await until(() => of(engine, 'hostile').memoryPeakBytes === 12 * 65_536);
  });

  it('counts a worker that was killed once, with the time that it had taken', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile(), { sandbox: { cpuTimeLimitMs: 60 } });
    await engine.process('hostile', { input: 'x' });
    const terminated = nextEvent(engine, 'worker:terminated');
    expect(await outcome(engine.process('hostile', { input: 'spin' }))).to.equal('ERR_CPU_TIME_LIMIT');
    await terminated;
    const { calls, workerKills, errors, durationMs, cpuMs, instances } = of(engine, 'hostile');
    expect({ calls, workerKills, errors, instances }).to.deep.equal({
      calls: 2,
      workerKills: { ERR_CPU_TIME_LIMIT: 1 },
      errors: { ERR_CPU_TIME_LIMIT: 1 },
      instances: 0,
    });
    expect(durationMs.max).to.be.at.least(60);
    expect(cpuMs).to.be.at.least(60);
    await engine.process('hostile', { input: 'x' });
    expect(of(engine, 'hostile')).to.deep.include({ calls: 3, instances: 1, instancesMade: 2 });
  });

  it('keeps versions apart, and what a version that is gone has counted', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('echo', await echo(), { version: 'one' });
    await engine.process('echo', { input: 'x' });
    await engine.reloadPlugin('echo', undefined, { version: 'two' });
    for (let i = 0; i < 3; i++) await engine.process('echo', { input: 'x' });
    await engine.reloadPlugin('echo', undefined, { version: 'one' });
    await engine.process('echo', { input: 'x' });
    await engine.unloadPlugin('echo');
    const calls = engine.metrics.snapshot().plugins.map((plugin) => [plugin.version, plugin.calls, plugin.instances]);
    expect(calls).to.have.deep.members([
      ['one', 2, 0],
      ['two', 3, 0],
    ]);
  });

  it('shows a bounded number of versions that are gone', async () => {
    const engine = await createEngine({ threads: 1 });
    for (let i = 0; i < 70; i++) {
      await engine.loadPlugin('echo', await echo(), { version: `v${i}` });
      await engine.unloadPlugin('echo');
    }
    const { plugins } = engine.metrics.snapshot();
    expect(plugins).to.have.length(64);
    expect(plugins[0]!.version).to.equal('v6');
  });

  it('shows a version that did not come up', async () => {
    const engine = await createEngine({ threads: 1 });
    const spins = engine.loadPlugin('bad', await lifecycle.initializeSpins(), {
      version: 'x',
      sandbox: { cpuTimeLimitMs: 50 },
    });
    expect(await outcome(spins)).to.equal('ERR_INITIALIZE_FAILED');
    expect(of(engine, 'bad', 'x')).to.deep.include({ calls: 0, workerKills: { ERR_INITIALIZE_FAILED: 1 } });
  });

  it('counts nothing in the workers when it is off', async () => {
    const engine = await createEngine({ threads: 1, metrics: 'off' });
    await engine.loadPlugin('hostile', await hostile());
    await engine.process('hostile', { input: 'x' });
    await outcome(engine.process('hostile', { input: 'divide' }));
    expect(of(engine, 'hostile')).to.deep.include({ calls: 0, instancesMade: 0, errors: { ERR_TRAP: 1 } });
  });
});
