import { expect } from 'chai';
import { resolvePolicy } from '../../src/host/policy/policy.ts';
import { Rewinding } from '../../workers/rewinding.ts';

describe('Rewinding', () => {
  const of = (...args: Parameters<typeof resolvePolicy>): Rewinding =>
    new Rewinding({ policy: resolvePolicy(...args) });

  it('is worth it where each request or so has an instance of its own', () => {
    expect(of({ instances: 'fresh' }).isWorthIt).to.equal(true);
    expect(of({ maxRequestsPerInstance: 64 }).isWorthIt).to.equal(true);
    expect(of({ maxRequestsPerInstance: 65 }).isWorthIt).to.equal(false);
    expect(of({ instances: 'fresh', snapshots: 'never' }).isWorthIt).to.equal(false);
    const session = new Rewinding({ policy: resolvePolicy({ instances: 'fresh' }), session: true });
    expect(session.isWorthIt).to.equal(false);
  });

  it('is worth it after a fault', () => {
    const warm = of();
    expect(warm.isWorthIt).to.equal(false);
    warm.faulted();
    expect(warm.isWorthIt).to.equal(true);
  });

  it('is not after eight instances in a row that were noted in vain', () => {
    const fresh = of({ instances: 'fresh' });
    for (let time = 0; time < 7; time++) fresh.failed();
    fresh.succeeded();
    for (let time = 0; time < 7; time++) fresh.failed();
    expect(fresh.isWorthIt).to.equal(true);
    fresh.failed();
    expect(fresh.isWorthIt).to.equal(false);
  });
});
