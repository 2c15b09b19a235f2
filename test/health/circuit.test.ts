import { expect } from 'chai';
import { Circuit, type CircuitState } from '../../src/health/circuit.ts';
import { resolveFailurePolicy } from '../../src/health/failure-policy.ts';
import { until } from '../support/outcome.ts';

describe('Circuit', () => {
  function circuit(policy: Parameters<typeof resolveFailurePolicy>[0] = {}) {
    const states: CircuitState[] = [];
    return { states, circuit: new Circuit(resolveFailurePolicy(policy), (state) => states.push(state)) };
  }

  it('opens after failures in a row, and only in a row', () => {
    const { circuit: it, states } = circuit({ maxFailures: 3 });
    for (let round = 0; round < 10; round++) {
      it.failed('yes');
      it.failed('yes');
      it.succeeded('yes');
    }
    expect([it.pass(), states]).to.deep.equal(['yes', []]);
    for (let n = 0; n < 3; n++) it.failed('yes');
    expect([it.pass(), it.failures, states]).to.deep.equal(['no', 3, ['open']]);
  });

  it('lets one request through after a while, whose result decides', async () => {
    const { circuit: it, states } = circuit({ maxFailures: 1, backoffMs: 2, maxBackoffMs: 2 });
    it.failed('yes');
    await until(() => it.retryAfterMs === 0);
    expect([it.pass(), it.pass(), it.pass()]).to.deep.equal(['probe', 'no', 'no']);
    it.failed('probe');
    await until(() => it.retryAfterMs === 0);
    expect(it.pass()).to.equal('probe');
    it.succeeded('probe');
    expect([it.pass(), it.failures]).to.deep.equal(['yes', 0]);
    expect(states).to.deep.equal(['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  it('does not learn from what began before it opened', async () => {
    const { circuit: it, states } = circuit({ maxFailures: 1, backoffMs: 1, maxBackoffMs: 1 });
    it.failed('yes');
    it.succeeded('yes');
    it.failed('yes');
    expect([it.state, it.failures]).to.deep.equal(['open', 1]);
    await until(() => it.retryAfterMs === 0);
    it.pass();
    it.succeeded('yes');
    it.failed('yes');
    expect([it.state, states]).to.deep.equal(['half-open', ['open', 'half-open']]);
  });

  it('has the next request try, when one gave up', async () => {
    const { circuit: it } = circuit({ maxFailures: 1, backoffMs: 1, maxBackoffMs: 1 });
    it.failed('yes');
    await until(() => it.retryAfterMs === 0);
    it.pass();
    it.gaveUp();
    expect([it.pass(), it.failures]).to.deep.equal(['probe', 1]);
  });

  it('waits longer each time, up to a bound, with a part left to chance', async () => {
    const waits: number[] = [];
    // Time is not waited for: a request that fails without having been let through is a probe to the circuit.
    const { circuit: it } = circuit({ maxFailures: 1, backoffMs: 1000, maxBackoffMs: 8000 });
    it.failed('yes');
    for (let n = 0; n < 6; n++) {
      waits.push(it.retryAfterMs);
      it.failed('probe');
    }
    for (const [n, most] of [1000, 2000, 4000, 8000, 8000, 8000].entries())
      expect(waits[n], `the wait ${n}`).to.be.within(most / 2 - 500, most);
    // An answer forgets it all.
    it.succeeded('probe');
    it.failed('yes');
    expect(it.retryAfterMs).to.be.at.most(1000);
  });
});
