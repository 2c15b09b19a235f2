import { expect } from 'chai';
import { type Policy, resolvePolicy, restricted, standard } from '../../../src/host/policy/policy.ts';
import { thrown } from '../../support/outcome.ts';

const MiB = 1024 * 1024;

describe('resolvePolicy', () => {
  it('knows the presets', () => {
    expect(resolvePolicy()).to.deep.equal(resolvePolicy('restricted'));
    expect(resolvePolicy('restricted')).to.deep.equal(resolvePolicy(restricted));
    expect(resolvePolicy('standard')).to.deep.equal(resolvePolicy(standard));
    expect(resolvePolicy('restricted')).to.deep.equal({
      allowFsRead: [],
      allowFsWrite: [],
      allowNetwork: [],
      allowEnv: [],
      allowClocks: true,
      allowRandom: true,
      maxMemoryBytes: 32 * MiB,
      maxStackBytes: 4 * MiB,
      cpuTimeLimitMs: 30_000,
      wallTimeLimitMs: 60_000,
      interrupt: 'terminate',
      maxInstructions: undefined,
      maxOutputBytes: 16 * MiB,
      maxHostCalls: 100_000,
      maxHostCallBytes: 64 * 1024 * 1024,
      maxLogBytes: 64 * 1024,
      instances: 'warm',
      maxRequestsPerInstance: Number.MAX_SAFE_INTEGER,
      concurrency: 1,
      snapshots: 'exact',
      sha256: undefined,
    });
    expect(resolvePolicy('standard')).to.deep.include({
      allowFsRead: [{ directory: '/data', mount: '/data' }],
      allowFsWrite: [{ directory: '/tmp/plugin', mount: '/tmp/plugin' }],
      allowNetwork: [],
      allowEnv: ['PLUGIN_MODE'],
      maxMemoryBytes: 64 * MiB,
      cpuTimeLimitMs: 60_000,
      wallTimeLimitMs: 120_000,
    });
  });

  it('fills in what is left out as in restricted, and resolves its own result to the same', () => {
    const resolved = resolvePolicy({ cpuTimeLimitMs: 5, allowFsRead: ['/a', { directory: '/b', mount: '/c' }] });
    expect(resolved).to.deep.equal({
      ...resolvePolicy(),
      cpuTimeLimitMs: 5,
      allowFsRead: [
        { directory: '/a', mount: '/a' },
        { directory: '/b', mount: '/c' },
      ],
    });
    expect(resolvePolicy(resolved as Policy)).to.deep.equal(resolved);
  });

  it('says what an item should have been', () => {
    const item = thrown(() => resolvePolicy({ allowEnv: [''] }));
    expect(item.message).to.equal(
      "Expected `sandbox.allowEnv[0]` to be the name of an environment variable, got `''` (string)",
    );
    const list = thrown(() => resolvePolicy({ allowNetwork: 'a:1' as never }));
    expect(list.message).to.include('to be an array whose items are each a pattern `host:port`, got');
  });

  it('cannot be changed afterwards, neither by its result nor by what it was given', () => {
    const allowEnv = ['A'];
    const resolved = resolvePolicy({ allowEnv });
    allowEnv.push('B');
    expect(resolved.allowEnv).to.deep.equal(['A']);
    for (const part of [resolved, resolved.allowEnv, resolvePolicy('standard').allowFsRead[0]!]) {
      expect(Object.isFrozen(part)).to.equal(true);
    }
  });

  const accepted: readonly Policy[] = [
    { allowNetwork: ['example.org:443', '*.example.org:*', '*:*', '[::1]:80', '127.0.0.1:8080'] },
    { allowEnv: ['PATH', '__proto__'] },
    { sha256: 'A'.repeat(64) },
    { maxMemoryBytes: 64 * 1024, maxHostCalls: 0, maxOutputBytes: 0, maxLogBytes: 0 },
  ];
  for (const policy of accepted) it(`accepts ${JSON.stringify(policy)}`, () => void resolvePolicy(policy));

  const refused: readonly (readonly [policy: unknown, message: RegExp])[] = [
    ['strict', /^Expected `sandbox` to be 'restricted', 'standard' or a policy object, got `'strict'`/],
    ['__proto__', /^Expected `sandbox` to be /],
    [null, /^Expected `sandbox` to be an object, got `null`/],
    [[], /^Expected `sandbox` to be an object/],
    [7, /^Expected `sandbox` to be an object/],
    [{ maxMemory: 1 }, /^`sandbox` has no option `maxMemory`/],
    [JSON.parse('{"__proto__": {}}'), /^`sandbox` has no option `__proto__`/],
    [
      { maxMemoryBytes: 1 },
      /^Expected `sandbox.maxMemoryBytes` to be a whole number from 65536 to 4294967296, got `1`/,
    ],
    [{ maxMemoryBytes: '32 MiB' }, /^Expected `sandbox.maxMemoryBytes`/],
    [{ maxMemoryBytes: 2 ** 33 }, /^Expected `sandbox.maxMemoryBytes`/],
    [{ maxStackBytes: 65 * MiB }, /^Expected `sandbox.maxStackBytes`/],
    [{ cpuTimeLimitMs: 0 }, /^Expected `sandbox.cpuTimeLimitMs`/],
    [{ cpuTimeLimitMs: 1.5 }, /^Expected `sandbox.cpuTimeLimitMs`/],
    [{ cpuTimeLimitMs: Number.NaN }, /^Expected `sandbox.cpuTimeLimitMs`/],
    [{ wallTimeLimitMs: Number.POSITIVE_INFINITY }, /^Expected `sandbox.wallTimeLimitMs`/],
    [{ maxHostCalls: -1 }, /^Expected `sandbox.maxHostCalls` to be a whole number from 0 up, got `-1`/],
    [{ instances: 'cold' }, /^Expected `sandbox.instances` to be one of 'warm', 'fresh', got `'cold'`/],
    [{ maxRequestsPerInstance: 0 }, /^Expected `sandbox.maxRequestsPerInstance`/],
    [{ allowClocks: 'no' }, /^Expected `sandbox.allowClocks` to be true or false/],
    [{ allowRandom: 1 }, /^Expected `sandbox.allowRandom` to be true or false/],
    [{ allowFsRead: '/data' }, /^Expected `sandbox.allowFsRead` to be an array/],
    [{ allowFsRead: ['data'] }, /^Expected `sandbox.allowFsRead\[0\]` to be an absolute path/],
    [{ allowFsRead: ['/a', '/b\0'] }, /^Expected `sandbox.allowFsRead\[1\]` to be an absolute path/],
    [{ allowFsWrite: [{ directory: '/a', mount: 'b' }] }, /^Expected `sandbox.allowFsWrite\[0\]`/],
    [{ allowFsWrite: [{ directory: '/a', readonly: true }] }, /^`sandbox.allowFsWrite\[0\]` has no option `readonly`/],
    [{ allowNetwork: ['example.org'] }, /^Expected `sandbox.allowNetwork\[0\]`/],
    [{ allowNetwork: ['https://example.org:443'] }, /^Expected `sandbox.allowNetwork\[0\]`/],
    [{ allowNetwork: ['a.*.org:1'] }, /^Expected `sandbox.allowNetwork\[0\]`/],
    [{ allowEnv: ['A=B'] }, /^Expected `sandbox.allowEnv\[0\]`/],
    [{ allowEnv: [''] }, /^Expected `sandbox.allowEnv\[0\]`/],
    [{ sha256: 'abc' }, /^Expected `sandbox.sha256` to be 64 hexadecimal digits/],
  ];
  for (const [policy, message] of refused) {
    it(`refuses ${JSON.stringify(policy)}`, () => {
      const error = thrown(() => resolvePolicy(policy as Policy));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.match(message);
    });
  }
});
