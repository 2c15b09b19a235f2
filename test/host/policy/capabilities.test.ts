import { expect } from 'chai';
import { type Capability, CapabilityManager, type GrantChange } from '../../../src/host/policy/capabilities.ts';
import { resolvePolicy, standard } from '../../../src/host/policy/policy.ts';
import { rejection, thrown } from '../../support/outcome.ts';

describe('CapabilityManager', () => {
  let changes: GrantChange[];
  let manager: CapabilityManager;

  beforeEach(() => {
    changes = [];
    manager = new CapabilityManager(async (made) => {
      changes.push(...made);
    });
  });

  it('gives an unknown plugin the restricted policy', () => {
    expect(manager.policy('anybody')).to.deep.equal(resolvePolicy('restricted'));
    expect(manager.policy('__proto__')).to.deep.equal(resolvePolicy('restricted'));
    expect(manager.policy('constructor')).to.deep.equal(resolvePolicy('restricted'));
  });

  it('knows two names beforehand, where it is asked to', () => {
    expect(manager.policy('trusted-plugin')).to.deep.equal(resolvePolicy('restricted'));
    manager = new CapabilityManager(async () => {}, 'source-design');
    expect(manager.policy('trusted-plugin')).to.deep.equal(resolvePolicy('standard'));
    expect(manager.policy('untrusted-plugin')).to.deep.equal(resolvePolicy('restricted'));
  });

  it('keeps a policy for a name', () => {
    manager.setPolicy('a', { cpuTimeLimitMs: 7 });
    expect(manager.policy('a').cpuTimeLimitMs).to.equal(7);
    expect(manager.policy('b').cpuTimeLimitMs).to.equal(30_000);
    expect(thrown(() => manager.setPolicy('a', { cpuTimeLimitMs: 0 })).code).to.equal('ERR_INVALID_ARGUMENT');
    expect(manager.policy('a').cpuTimeLimitMs).to.equal(7);
  });

  it('keeps it as it was, whatever becomes of the object', () => {
    const policy = { allowEnv: ['LANG'], cpuTimeLimitMs: 7 };
    manager.setPolicy('a', policy);
    policy.allowEnv.push('SECRET');
    policy.cpuTimeLimitMs = -1;
    expect([manager.policy('a').allowEnv, manager.policy('a').cpuTimeLimitMs]).to.deep.equal([['LANG'], 7]);
    expect(() => (standard.allowFsRead as string[]).push('/')).to.throw(TypeError);
  });

  it('grants what the details say, or the defaults', async () => {
    await manager.grant('a', 'fs-read');
    await manager.grant('a', 'fs-read', { directory: '/srv', mount: '/input' });
    await manager.grant('a', 'fs-write');
    await manager.grant('a', 'network', { host: 'example.org:443' });
    await manager.grant('a', 'env');
    expect(manager.policy('a')).to.deep.equal({
      ...resolvePolicy('restricted'),
      allowFsRead: [
        { directory: '/data', mount: '/data' },
        { directory: '/srv', mount: '/input' },
      ],
      allowFsWrite: [{ directory: '/tmp/plugin', mount: '/tmp/plugin' }],
      allowNetwork: ['example.org:443'],
      allowEnv: ['PLUGIN_MODE'],
    });
    expect(manager.policy('b')).to.deep.equal(resolvePolicy('restricted'));
    expect(manager.grants('a').map(({ capability }) => capability)).to.deep.equal([
      'fs-read',
      'fs-read',
      'fs-write',
      'network',
      'env',
    ]);
  });

  it('adds grants to the policy that the plugin is loaded with', async () => {
    await manager.grant('a', 'env', { name: 'B' });
    expect(manager.resolve('a', { allowEnv: ['A'], cpuTimeLimitMs: 7 })).to.deep.include({
      allowEnv: ['A', 'B'],
      cpuTimeLimitMs: 7,
    });
  });

  it('reports each change once, after it holds', async () => {
    await manager.grant('a', 'env', { name: 'X' });
    await manager.grant('a', 'env', { name: 'X' });
    await manager.revoke('a', 'env', { name: 'X' });
    const grant = { plugin: 'a', capability: 'env', details: { name: 'X' } };
    expect(changes).to.deep.equal([
      { ...grant, change: 'granted' },
      { ...grant, change: 'revoked' },
    ]);
    expect(manager.policy('a').allowEnv).to.deep.equal([]);
  });

  it('takes back one grant, or all of a capability', async () => {
    for (const name of ['X', 'Y', 'Z']) await manager.grant('a', 'env', { name });
    await manager.grant('a', 'fs-read');
    await manager.revoke('a', 'env', { name: 'Y' });
    expect(manager.policy('a').allowEnv).to.deep.equal(['X', 'Z']);
    await manager.revoke('a', 'env');
    expect(manager.policy('a').allowEnv).to.deep.equal([]);
    expect(manager.grants('a').map(({ capability }) => capability)).to.deep.equal(['fs-read']);
  });

  it('does not take back what was never granted, or is in the policy', async () => {
    manager.setPolicy('a', { allowEnv: ['X'] });
    await manager.grant('a', 'env', { name: 'Y' });
    for (const attempt of [
      manager.revoke('a', 'env', { name: 'X' }),
      manager.revoke('a', 'network'),
      manager.revoke('b', 'env'),
    ]) {
      expect((await rejection(attempt)).code).to.equal('ERR_INVALID_ARGUMENT');
    }
    expect(manager.policy('a').allowEnv).to.deep.equal(['X', 'Y']);
  });

  it('knows no other capability', async () => {
    for (const name of ['fs', 'FS-READ', '', '__proto__', 'constructor', undefined, null, 7]) {
      const error = await rejection(manager.grant('a', name as Capability));
      expect([error.code, error.hint]).to.deep.equal([
        'ERR_UNKNOWN_CAPABILITY',
        'Capabilities are `fs-read`, `fs-write`, `network`, `env`.',
      ]);
      expect((await rejection(manager.revoke('a', name as Capability))).code).to.equal('ERR_UNKNOWN_CAPABILITY');
    }
    expect(changes).to.deep.equal([]);
  });

  const wrong: readonly (readonly [Capability, object, RegExp])[] = [
    ['fs-read', { host: 'example.org:1' }, /^`details` has no option `host`/],
    ['fs-read', { directory: 'relative' }, /^Expected `sandbox.allowFsRead\[0\]` to be an absolute path/],
    ['fs-write', { directory: '/a', mount: 'b' }, /^Expected `sandbox.allowFsWrite\[0\]`/],
    ['network', { host: 'example.org' }, /^Expected `sandbox.allowNetwork\[0\]`/],
    ['network', { directory: '/data' }, /^`details` has no option `directory`/],
    ['env', { name: 'A=B' }, /^Expected `sandbox.allowEnv\[0\]`/],
  ];
  for (const [capability, details, message] of wrong) {
    it(`refuses ${capability} with ${JSON.stringify(details)}, and grants nothing`, async () => {
      const error = await rejection(manager.grant('a', capability, details));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
      expect([changes, manager.grants('a')]).to.deep.equal([[], []]);
    });
  }

  it('hands out what cannot be changed', async () => {
    const details = { name: 'X' };
    await manager.grant('a', 'env', details);
    details.name = 'PATH';
    (manager.grants('a') as unknown[]).length = 0;
    expect(manager.policy('a').allowEnv).to.deep.equal(['X']);
    expect(Object.isFrozen(manager.grants('a')[0]?.details)).to.equal(true);
  });
});
