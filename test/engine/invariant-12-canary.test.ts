import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { echo, hostile, lifecycle, misfits, wasi } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection, seeded, thrown, turn } from '../support/outcome.ts';

const CALLERS = 100;

/** Options by which an answer says which version gave it. */
const named = (version: string) => ({ version, config: { prefix: `${version}:` } });

describe('invariant 12: trying out a version loses no request', function () {
  this.timeout(120_000);
  after(closeEngines);

  /** An engine with the plugin `plugin`, which serves with `v1` and has others on standby. */
  async function withVersions(...standby: string[]): Promise<PluginEngine> {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('plugin', await echo(), named('v1'));
    for (const version of standby) await engine.versions('plugin').load(await echo(), named(version));
    return engine;
  }

  const ask = async (engine: PluginEngine, requestId: string, version?: string): Promise<string> => {
    const call = version === undefined ? { requestId } : { requestId, version };
    return (await engine.process('plugin', { input: 'x' }, call)).output.split(':')[0]!;
  };

  it('sends each request to the side that `route` names', async () => {
    const engine = await withVersions('v2');
    const versions = engine.versions('plugin');
    versions.deployCanary('v2', 30);
    const ids = Array.from({ length: 500 }, (_, i) => `order-${i}`);
    const served = await Promise.all(ids.map((id) => ask(engine, id)));
    expect(served).to.deep.equal(ids.map((id) => versions.route(id)));
    expect(served.filter((version) => version === 'v2').length).to.be.within(100, 200);
  });

  it('routes requests that bring no id by the one that they get', async () => {
    const engine = await withVersions();
    const said = collect(engine, 'plugin:event');
    await engine.versions('plugin').load(await echo(), named('v2'));
    engine.versions('plugin').deployCanary('v2', 50);
    await Promise.all(Array.from({ length: 200 }, () => engine.process('plugin', { input: 'event e' })));
    const events = said.filter(({ type }) => type === 'e');
    expect(new Set(events.map(({ version }) => version))).to.deep.equal(new Set(['v1', 'v2']));
    for (const { requestId, version } of events) expect(engine.versions('plugin').route(requestId!)).to.equal(version);
  });

  it('lets a request name its version, on standby too', async () => {
    const engine = await withVersions('v2');
    expect(await ask(engine, 'r', 'v2')).to.equal('v2');
    expect(await ask(engine, 'r', 'v1')).to.equal('v1');
    expect(await ask(engine, 'r')).to.equal('v1');
    const error = await rejection(engine.process('plugin', { input: 'x' }, { version: 'v\n3' }));
    expect([error.code, error.message, error.hint]).to.deep.equal([
      'ERR_PLUGIN_NOT_FOUND',
      'The plugin `plugin` has no version `v\\u{a}3`',
      'Its versions are: v1, v2.',
    ]);
    expect(await outcome(engine.process('plugin', { input: 'x' }, { version: '' }))).to.equal('ERR_INVALID_ARGUMENT');
  });

  it('promotes and rolls back from one request to the next, in the same turn', async () => {
    const engine = await withVersions('v2');
    const versions = engine.versions('plugin');
    versions.deployCanary('v2', 100);
    const answers = [ask(engine, 'a')];
    expect(versions.promoteCanary()).to.equal('v1');
    answers.push(ask(engine, 'b'));
    expect(versions.rollback()).to.equal('v2');
    answers.push(ask(engine, 'c'));
    versions.deployCanary('v2', 100);
    answers.push(ask(engine, 'd'));
    versions.rollback();
    answers.push(ask(engine, 'e'));
    expect(await Promise.all(answers)).to.deep.equal(['v2', 'v2', 'v1', 'v2', 'v1']);
  });

  it('rolls back without starting anything: the instance that served before serves again', async () => {
    const engine = await createEngine({ threads: 1 });
    const logs = collect(engine, 'plugin:log');
    await engine.loadPlugin('plugin', await echo(), named('v1'));
    await engine.versions('plugin').load(await echo(), named('v2'));
    engine.versions('plugin').deployCanary('v2', 100);
    await ask(engine, 'a');
    engine.versions('plugin').promoteCanary();
    await ask(engine, 'b');
    engine.versions('plugin').rollback();
    expect(await ask(engine, 'c')).to.equal('v1');
    await engine.close();
    expect(logs.filter(({ message }) => message === 'initialized').map(({ version }) => version)).to.deep.equal([
      'v1',
      'v2',
    ]);
  });

  it('of a hundred callers, while canaries go up and down, break, are promoted and rolled back', async () => {
    const engine = await withVersions();
    const versions = engine.versions('plugin');
    const random = seeded(5);
    const terminated = collect(engine, 'worker:terminated');
    const changes: string[] = [];
    engine.on('canary:promoted', ({ version }) => changes.push(`promoted ${version}`));
    engine.on('canary:rolled-back', ({ version }) => changes.push(`rolled back ${version}`));
    let state: 'on' | 'off' = 'on' as 'on' | 'off';
    let answered = 0;
    /** The versions that may serve now, or could a moment ago. */
    const known = new Set(['v1']);
    const caller = async (id: number): Promise<void> => {
      for (let i = 0; state === 'on'; i++) {
        const version = await ask(engine, `${id}-${i}`);
        expect(known).to.include(version);
        answered++;
      }
    };
    const callers = Array.from({ length: CALLERS }, (_, id) => caller(id));
    const expected: string[] = [];
    for (let n = 2; n <= 13; n++) {
      const version = `v${n}`;
      // A load is under way while who serves is changed, and half of them fail.
      const [broken, code] = random.pick([
        [misfits.garbage, 'ERR_NOT_A_COMPONENT'],
        [lifecycle.initializeTraps, 'ERR_INITIALIZE_FAILED'],
      ] as const);
      const failing = outcome(versions.load(await broken(), { version: 'broken' }));
      const loading = versions.load(await echo(), named(version));
      if (n % 4 === 0) {
        versions.rollback();
        expected.push(`rolled back ${changes.at(-1)!.split(' ').at(-1)}`);
      }
      expect(await failing).to.equal(code);
      await loading;
      known.add(version);
      versions.deployCanary(version, 0);
      for (const percentage of [5, 50, 20, 100]) {
        versions.setCanaryPercentage(percentage);
        await ask(engine, 'between');
      }
      if (n % 2 === 1) {
        versions.promoteCanary();
        expected.push(`promoted ${version}`);
        const reload = engine.reloadPlugin('plugin', await echo(), named(`${version}r`));
        known.add(`${version}r`);
        await reload;
      } else {
        versions.rollback();
        expected.push(`rolled back ${version}`);
      }
      await ask(engine, 'after');
    }
    state = 'off';
    await Promise.all(callers);
    expect(changes).to.deep.equal(expected);
    expect(terminated.filter(({ code }) => code !== 'ERR_INITIALIZE_FAILED')).to.deep.equal([]);
    const details = engine.getPlugin('plugin')!;
    expect([details.state, details.statistics.errors, details.statistics.pending]).to.deep.equal(['active', {}, 0]);
    expect(details.statistics.requests).to.be.at.least(answered);
    // What nobody can return to has been shut down: two are kept beside the one that serves.
    expect(details.versions.length).to.be.at.most(2 + 6);
  });

  it('finishes what a version has begun before it goes', async () => {
    const engine = await createEngine({ threads: 2, keepWarmMs: 0 });
    await engine.loadPlugin('plugin', await echo(), named('v1'));
    await engine.versions('plugin').load(await wasi(), { version: 'v2' });
    const gone = nextEvent(engine, 'plugin:state', ({ to }) => to === 'unloaded');
    engine.versions('plugin').deployCanary('v2', 100);
    const slow = engine.process('plugin', { input: 'sleep 300' });
    engine.versions('plugin').rollback();
    expect(await ask(engine, 'next')).to.equal('v1');
    expect((await slow).output).to.equal('slept');
    expect(
      engine
        .versions('plugin')
        .list()
        .map(({ version }) => version),
    ).to.deep.equal(['v1']);
    await engine.unloadPlugin('plugin');
    expect((await gone)[0].from).to.equal('draining');
  });

  it('a reload keeps the old version for a rollback, and a canary keeps its share', async () => {
    const engine = await withVersions('v2');
    const versions = engine.versions('plugin');
    versions.deployCanary('v2', 40);
    await engine.reloadPlugin('plugin', await echo(), named('v3'));
    expect(engine.getPlugin('plugin')?.canary).to.deep.equal({ version: 'v2', percentage: 40 });
    versions.rollback();
    expect(await ask(engine, 'a')).to.equal('v3');
    expect(versions.rollback()).to.equal('v3');
    expect(await ask(engine, 'a')).to.equal('v1');
    expect(thrown(() => versions.rollback()).code).to.equal('ERR_NO_CANARY');
  });

  it('a reload that is under way during a promotion does not undo it', async () => {
    const engine = await withVersions('v2');
    const versions = engine.versions('plugin');
    versions.deployCanary('v2', 10);
    const reload = engine.reloadPlugin('plugin', await echo(), named('v1b'));
    await turn();
    versions.promoteCanary();
    await reload;
    expect(await ask(engine, 'a')).to.equal('v2');
    // It took the place of the version that it began with.
    versions.rollback();
    expect(await ask(engine, 'a')).to.equal('v1b');
  });

  it('a grant replaces every version, so that none comes back with what was taken away', async () => {
    const engine = await withVersions('v2', 'v3');
    const versions = engine.versions('plugin');
    versions.deployCanary('v2', 10);
    await engine.capabilities.grant('plugin', 'env', { name: 'LANG' });
    for (const { version, policy } of versions.list()) expect(policy.allowEnv, version).to.deep.equal(['LANG']);
    await engine.capabilities.revoke('plugin', 'env');
    const list = versions.list();
    expect(list.map(({ version, role }) => `${version} ${role}`)).to.have.members([
      'v1 stable',
      'v2 canary',
      'v3 standby',
    ]);
    for (const { version, policy } of list) expect(policy.allowEnv, version).to.deep.equal([]);
  });

  describe('thresholds', () => {
    /** Traffic until an event says that there was a decision. */
    async function decide(engine: PluginEngine, input: (i: number) => string): Promise<void> {
      let state: 'open' | 'decided' = 'open' as 'open' | 'decided';
      const stop = (): void => {
        state = 'decided';
      };
      engine.once('canary:promoted', stop);
      engine.once('canary:rolled-back', stop);
      const caller = async (id: number): Promise<void> => {
        for (let i = 0; state === 'open'; i++)
          await outcome(engine.process('plugin', { input: input(i) }, { requestId: `${id}/${i}` }));
      };
      await Promise.all(Array.from({ length: 50 }, (_, id) => caller(id)));
    }

    it('roll back a canary that traps, and say why', async () => {
      const engine = await createEngine({ threads: 2 });
      await engine.loadPlugin('plugin', await echo(), { version: 'v1' });
      await engine.versions('plugin').load(await hostile(), { version: 'v2' });
      const event = nextEvent(engine, 'canary:rolled-back');
      engine.versions('plugin').deployCanary('v2', 20, { decide: { maxErrorRateIncrease: 0.05, minRequests: 40 } });
      // What the echo plugin just echoes, the hostile one does.
      await decide(engine, (i) => (i % 2 === 0 ? 'unreachable' : 'x'));
      const [change] = await event;
      expect({ ...change, reason: '' }).to.deep.equal({
        plugin: 'plugin',
        version: 'v2',
        stable: 'v1',
        by: 'thresholds',
        reason: '',
      });
      expect(change.reason).to.match(/^error rate \d+\.\d\d % against 0\.00 %, 5\.00 % more allowed \(\d+ requests/);
      expect(engine.getPlugin('plugin')?.canary).to.equal(undefined);
      expect((await engine.process('plugin', { input: 'unreachable' })).output).to.equal('unreachable');
    });

    it('are not misled by a fallback that answers for a canary', async () => {
      const engine = await createEngine({ threads: 2 });
      const failurePolicy = { maxFailures: 2, backoffMs: 60_000, fallback: { version: 'v1' } };
      await engine.loadPlugin('plugin', await echo(), { version: 'v1' });
      await engine.versions('plugin').load(await hostile(), { version: 'v2', failurePolicy });
      const event = nextEvent(engine, 'canary:rolled-back');
      engine.versions('plugin').deployCanary('v2', 30, { decide: { maxErrorRateIncrease: 0.1, minRequests: 50 } });
      await decide(engine, () => 'unreachable');
      expect((await event)[0].reason).to.match(/^error rate 100\.00 % against 0\.00 %/);
      // All but the first few were answered.
      const { requests, errors } = engine.getPlugin('plugin')!.statistics;
      expect((errors.ERR_TRAP ?? 0) / requests).to.be.below(0.5);
    });

    it('roll back a canary that runs into limits', async () => {
      const engine = await createEngine({ threads: 2 });
      await engine.loadPlugin('plugin', await echo(), { version: 'v1', sandbox: { maxOutputBytes: 1000 } });
      await engine.versions('plugin').load(await hostile(), { version: 'v2', sandbox: { maxOutputBytes: 100 } });
      const event = nextEvent(engine, 'canary:rolled-back');
      engine.versions('plugin').deployCanary('v2', 50, { decide: { maxLimitRateIncrease: 0.1, minRequests: 50 } });
      await decide(engine, () => 'output 200');
      expect((await event)[0].reason).to.match(/^limit hits 100\.00 % against 0\.00 %/);
    });

    it('roll back a canary that is slower', async () => {
      const engine = await createEngine({ threads: 2 });
      await engine.loadPlugin('plugin', await echo(), { version: 'v1', config: { prefix: '' } });
      await engine.versions('plugin').load(await wasi(), { version: 'v2' });
      const event = nextEvent(engine, 'canary:rolled-back');
      engine.versions('plugin').deployCanary('v2', 10, { decide: { maxP95Ratio: 3, minRequests: 150 } });
      await decide(engine, () => 'sleep 40');
      expect((await event)[0].reason).to.match(/^p95 \d+(\.\d+)? ms against \d+(\.\d+)? ms, 3 times as much allowed/);
    });

    it('promote a canary that is as good', async () => {
      const engine = await withVersions('v2');
      const event = nextEvent(engine, 'canary:promoted');
      engine.versions('plugin').deployCanary('v2', 50, { decide: { maxErrorRateIncrease: 0.02 } });
      await decide(engine, () => 'x');
      const [{ version, stable, previous, by }] = await event;
      expect([version, stable, previous, by]).to.deep.equal(['v2', 'v2', 'v1', 'thresholds']);
      expect(await ask(engine, 'any')).to.equal('v2');
      engine.versions('plugin').rollback();
      expect(await ask(engine, 'any')).to.equal('v1');
    });
  });
});
