import { expect } from 'chai';
import type { Policy } from '../../src/host/policy/policy.ts';
import { exceptions } from '../fixtures/guests.ts';
import { thrown } from '../support/outcome.ts';
import { launch } from '../workers/guest.ts';

const POLICIES: readonly (readonly [how: string, policy: Policy])[] = [
  ['without checks', {}],
  ['with checks', { interrupt: 'trap' }],
  ['with counted instructions', { maxInstructions: 1e6 }],
];

describe('exceptions of a guest', () => {
  for (const [how, policy] of POLICIES) {
    it(`go through calls to who catches them, ${how}`, async () => {
      const { instance } = await launch(await exceptions.caught(), { policy });
      instance.initialize();
      expect(instance.process('four', []).output).to.equal('5');
      expect(instance.process('', []).output).to.equal('1');
    });

    it(`end the call when nothing catches them, ${how}`, async () => {
      const { instance } = await launch(await exceptions.uncaught(), { policy });
      instance.initialize();
      const error = thrown(() => instance.process('attack', []));
      expect([error.code, error.trap]).to.deep.equal(['ERR_TRAP', 'uncaught-exception']);
      expect(instance.state).to.equal('dead');
    });
  }

  it('keep no host function from ending the call', async () => {
    const { instance } = await launch(await exceptions.catchesRefusals(), { policy: { maxHostCalls: 10 } });
    instance.initialize();
    const error = thrown(() => instance.process('attack', []));
    expect(error.code).to.equal('ERR_HOST_CALL_LIMIT');
  });
});
