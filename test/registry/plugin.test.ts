import { expect } from 'chai';
import { Plugin } from '../../src/registry/plugin.ts';
import type { PluginVersion } from '../../src/registry/plugin-version.ts';
import { FairQueue } from '../../src/scheduler/fair-queue.ts';
import { thrown } from '../support/outcome.ts';
import { fakeVersion } from '../support/versions.ts';

const IDS = 100_000;
const LATE = 1_000_000;

describe('Plugin', () => {
  const queue = new FairQueue();
  const told: unknown[] = [];
  const expired: PluginVersion[] = [];

  function make(keepWarmMs = LATE): Plugin {
    told.length = 0;
    expired.length = 0;
    return new Plugin('plugin', keepWarmMs, {
      onState: ({ from, to }) => told.push(`${from} -> ${to}`),
      onDeployed: ({ version, percentage }) => told.push(`${version} at ${percentage}`),
      onPromoted: ({ version, previous, by }) => told.push(`${version} after ${previous} by ${by}`),
      onRolledBack: ({ version, stable, by }) => told.push(`back from ${version} to ${stable} by ${by}`),
      onExpired: (version) => expired.push(version),
    });
  }

  /** A plugin that serves with `v1`, and has `v2` and `v3` on standby. */
  function active(): { plugin: Plugin; v1: PluginVersion; v2: PluginVersion; v3: PluginVersion } {
    const plugin = make();
    const [v1, v2, v3] = ['v1', 'v2', 'v3'].map((name) => fakeVersion(queue, name));
    plugin.enter('loading', '');
    plugin.start(v1!);
    plugin.add(v2!);
    plugin.add(v3!);
    told.length = 0;
    return { plugin, v1: v1!, v2: v2!, v3: v3! };
  }

  const roles = (plugin: Plugin): Record<string, string> =>
    Object.fromEntries(plugin.describe().versions.map(({ version, role }) => [version, role]));

  describe('its state', () => {
    it('is one word, and its changes are told', () => {
      const plugin = make();
      expect([plugin.state, plugin.serving]).to.deep.equal(['unloaded', false]);
      plugin.enter('loading', 'asked for');
      expect(plugin.serving).to.equal(false);
      plugin.start(fakeVersion(queue, 'v1'));
      expect([plugin.state, plugin.serving]).to.deep.equal(['active', true]);
      plugin.enter('quarantined', 'it crashed five times');
      expect([plugin.serving, plugin.describe().reason]).to.deep.equal([true, 'it crashed five times']);
      plugin.enter('active', 'the probe was answered');
      plugin.enter('draining', 'asked for');
      expect(plugin.serving).to.equal(false);
      plugin.enter('unloaded', 'done');
      expect(told).to.deep.equal([
        'unloaded -> loading',
        'loading -> active',
        'active -> quarantined',
        'quarantined -> active',
        'active -> draining',
        'draining -> unloaded',
      ]);
    });

    it('does not change in ways that make no sense', () => {
      const plugin = make();
      expect(() => plugin.enter('active', '')).to.throw('A plugin does not go from unloaded to active');
      plugin.enter('loading', '');
      plugin.enter('failed', '');
      expect(() => plugin.enter('loading', '')).to.throw('A plugin does not go from failed to loading');
    });
  });

  describe('routing', () => {
    for (const percentage of [0, 0.5, 1, 10, 33.3, 50, 99, 100]) {
      it(`gives the canary ${percentage} % of the ids, to within one point`, () => {
        const { plugin, v1, v2 } = active();
        plugin.deployCanary('v2', percentage, undefined);
        const shares = new Map([v1, v2].map((version) => [version, 0]));
        for (let index = 0; index < IDS; index++) {
          const version = plugin.route(`r-${index}`);
          shares.set(version, shares.get(version)! + 1);
        }
        const share = (shares.get(v2)! / IDS) * 100;
        if (percentage === 0 || percentage === 100) expect(share).to.equal(percentage);
        else expect(share).to.be.closeTo(percentage, 1);
      });
    }

    it('moves ids from stable to canary only, while the percentage rises', () => {
      const { plugin, v2 } = active();
      plugin.deployCanary('v2', 0, undefined);
      let before = new Set<string>();
      for (const percentage of [1, 2, 5, 17, 50, 75, 99.9, 100]) {
        plugin.setCanaryPercentage(percentage);
        const canary = new Set<string>();
        for (let index = 0; index < 10_000; index++) {
          const id = `user-${index}`;
          if (plugin.route(id) === v2) canary.add(id);
        }
        expect([...before].filter((id) => !canary.has(id))).to.deep.equal([]);
        expect(canary.size).to.be.above(before.size);
        before = canary;
      }
    });

    it('is the same in every process, and another for another version', () => {
      const sides = (version: 'v2' | 'v3'): string => {
        const { plugin, v1 } = active();
        plugin.deployCanary(version, 50, undefined);
        return Array.from({ length: 64 }, (_, index) => (plugin.route(`r-${index}`) === v1 ? 's' : 'c')).join('');
      };
      expect(sides('v2')).not.to.equal(sides('v3'));
      expect(sides('v2')).to.equal('sccsccccscssssscsscccccsccsccscccscsccsscsccsccsccccccscsssscccs');
    });
  });

  describe('a canary', () => {
    it('is deployed, promoted and rolled back', () => {
      const { plugin, v1, v2 } = active();
      plugin.deployCanary('v2', 10, undefined);
      expect(roles(plugin)).to.deep.equal({ v1: 'stable', v2: 'canary', v3: 'standby' });
      expect(plugin.describe().canary).to.deep.equal({ version: 'v2', percentage: 10 });
      expect(plugin.promoteCanary('caller', '')).to.equal(v1);
      expect(roles(plugin)).to.deep.equal({ v1: 'standby', v2: 'stable', v3: 'standby' });
      expect(plugin.rollback('caller', '')).to.equal(v2);
      expect(roles(plugin)).to.deep.equal({ v1: 'stable', v2: 'standby', v3: 'standby' });
      // There and not back again: a second call by mistake does not bring the bad version back.
      expect(thrown(() => plugin.rollback('caller', '')).code).to.equal('ERR_NO_CANARY');
      plugin.deployCanary('v3', 50, undefined);
      expect(plugin.rollback('thresholds', '').lane.version).to.equal('v3');
      expect(plugin.route('any')).to.equal(v1);
      expect(told).to.deep.equal([
        'v2 at 10',
        'v2 after v1 by caller',
        'back from v2 to v1 by caller',
        'v3 at 50',
        'back from v3 to v1 by thresholds',
      ]);
    });

    it('is ended by a rollback before an earlier promotion is undone', () => {
      const { plugin } = active();
      plugin.deployCanary('v2', 10, undefined);
      plugin.promoteCanary('caller', '');
      plugin.deployCanary('v3', 10, undefined);
      plugin.rollback('caller', '');
      expect(roles(plugin)).to.deep.equal({ v1: 'standby', v2: 'stable', v3: 'standby' });
      plugin.rollback('caller', '');
      expect(roles(plugin)).to.deep.equal({ v1: 'stable', v2: 'standby', v3: 'standby' });
    });

    it('is refused where there is no sense in it', () => {
      const { plugin } = active();
      for (const call of [
        () => plugin.promoteCanary('caller', ''),
        () => plugin.rollback('caller', ''),
        () => plugin.setCanaryPercentage(5),
      ])
        expect(thrown(call).code).to.equal('ERR_NO_CANARY');
      expect(thrown(() => plugin.deployCanary('v1', 5, undefined)).message).to.equal(
        'The version `v1` is the stable one',
      );
      const unknown = thrown(() => plugin.deployCanary('v4', 5, undefined));
      expect([unknown.code, unknown.hint]).to.deep.equal(['ERR_PLUGIN_NOT_FOUND', 'Its versions are: v1, v2, v3.']);
      plugin.deployCanary('v2', 5, undefined);
      expect(thrown(() => plugin.deployCanary('v3', 5, undefined)).message).to.equal('`v2` is the canary already');
      expect(thrown(() => plugin.remove(plugin.version('v2'))).hint).to.equal('Roll it back first.');
      expect(thrown(() => plugin.remove(plugin.version('v1'))).code).to.equal('ERR_INVALID_ARGUMENT');
    });
  });

  describe('a version that is replaced', () => {
    it('is kept for a rollback when it was stable', () => {
      const { plugin, v1 } = active();
      const v4 = fakeVersion(queue, 'v4');
      expect(plugin.replace(v1, v4, 'kept')).to.deep.equal([]);
      expect(roles(plugin)).to.deep.equal({ v1: 'standby', v2: 'standby', v3: 'standby', v4: 'stable' });
      plugin.rollback('caller', '');
      expect(plugin.stable).to.equal(v1);
    });

    it('leaves when the new one has its name, or when it may not be kept', () => {
      const { plugin, v1 } = active();
      const again = fakeVersion(queue, 'v1');
      expect(plugin.replace(v1, again, 'kept')).to.deep.equal([v1]);
      const v4 = fakeVersion(queue, 'v4');
      expect(plugin.replace(again, v4, 'leaves')).to.deep.equal([again]);
      expect(roles(plugin)).to.deep.equal({ v2: 'standby', v3: 'standby', v4: 'stable' });
      expect(thrown(() => plugin.rollback('caller', '')).code).to.equal('ERR_NO_CANARY');
    });

    it('is replaced in the place that it has by then', () => {
      const { plugin, v1, v2 } = active();
      plugin.deployCanary('v2', 10, undefined);
      plugin.promoteCanary('caller', '');
      // A reload of v1 that was under way meanwhile: v2 goes on serving, and a rollback leads to the new one.
      const v4 = fakeVersion(queue, 'v4');
      expect(plugin.replace(v1, v4, 'kept')).to.deep.equal([v1]);
      expect(plugin.stable).to.equal(v2);
      plugin.rollback('caller', '');
      expect(plugin.stable).to.equal(v4);
    });

    it('keeps its share as a canary', () => {
      const { plugin, v2 } = active();
      plugin.deployCanary('v2', 10, undefined);
      const again = fakeVersion(queue, 'v2');
      expect(plugin.replace(v2, again, 'leaves')).to.deep.equal([v2]);
      expect([plugin.canary?.version, plugin.canary?.percentage]).to.deep.equal([again, 10]);
    });

    it('makes a version of the same name on standby leave, but not one that serves', () => {
      const { plugin, v1, v2 } = active();
      expect(plugin.replace(v1, fakeVersion(queue, 'v2'), 'kept')).to.deep.equal([v2]);
      plugin.deployCanary('v3', 10, undefined);
      for (const name of ['v2', 'v3']) {
        const error = thrown(() => plugin.add(fakeVersion(queue, name)));
        expect([error.code, error.message]).to.match(/^ERR_INVALID_ARGUMENT,The version `v\d` is loaded already/);
      }
      expect(thrown(() => plugin.replace(plugin.stable, fakeVersion(queue, 'v3'), 'kept')).code).to.equal(
        'ERR_INVALID_ARGUMENT',
      );
      expect(roles(plugin)).to.deep.equal({ v1: 'standby', v2: 'stable', v3: 'canary' });
    });
  });

  describe('versions that are kept', () => {
    it('are two at most', () => {
      const { plugin, v1 } = active();
      let stable = v1;
      const versions = ['v4', 'v5', 'v6'].map((name) => fakeVersion(queue, name));
      for (const version of versions) {
        plugin.replace(stable, version, 'kept');
        stable = version;
      }
      expect(expired).to.deep.equal([v1]);
      expect(plugin.expires(v1)).to.equal(true);
      expect(plugin.expires(versions[0]!)).to.equal(false);
    });

    it('hand their time on to what replaces them, also when it is up and they wait for their turn', () => {
      const { plugin, v1 } = active();
      const versions = ['v4', 'v5', 'v6'].map((name) => fakeVersion(queue, name));
      for (const [n, version] of versions.entries()) plugin.replace([v1, ...versions][n]!, version, 'kept');
      expect(expired).to.deep.equal([v1]);
      // A grant that was under way: it replaces every version.
      const again = fakeVersion(queue, 'v1');
      expect(plugin.replace(v1, again, 'leaves')).to.deep.equal([v1]);
      expect(plugin.expires(v1)).to.equal(false);
      expect(expired).to.deep.equal([v1, versions[0]]);
      expect(roles(plugin)).to.have.property('v1', 'standby');
    });

    it('are kept for as long as was set, and not when they serve again', async () => {
      const plugin = make(20);
      const [v1, v2] = ['v1', 'v2'].map((name) => fakeVersion(queue, name));
      plugin.enter('loading', '');
      plugin.start(v1!);
      plugin.add(v2!);
      plugin.deployCanary('v2', 10, undefined);
      plugin.promoteCanary('caller', '');
      plugin.rollback('caller', '');
      while (expired.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(expired).to.deep.equal([v2]);
      plugin.deployCanary('v2', 10, undefined);
      // What expired may serve again by the time its turn comes.
      expect([plugin.expires(v1!), plugin.expires(v2!)]).to.deep.equal([false, false]);
    });
  });

  it('counts over all versions, those that are gone included', () => {
    const { plugin, v1, v2 } = active();
    v1.lane.metrics.answered++;
    v2.lane.metrics.answered++;
    v2.lane.metrics.refused++;
    v2.lane.metrics.errors.count('ERR_TRAP');
    const statistics = { requests: 3, refused: 1, errors: { ERR_TRAP: 1 }, pending: 0 };
    expect(plugin.describe().statistics).to.deep.equal(statistics);
    plugin.remove(v2);
    plugin.leaves(v2);
    expect(plugin.describe().statistics).to.deep.equal(statistics);
    plugin.left(v2);
    expect(plugin.describe().statistics).to.deep.equal(statistics);
    expect(plugin.describe().stable?.statistics.requests).to.equal(1);
  });
});
