import { expect } from 'chai';
import { CANDIDATES, unavailableCandidates } from '../../bench/candidates.ts';
import { rot13, withRot13Component } from '../../bench/work/rot13.ts';
import { openCandidate } from '../../src/bench/scenario.ts';

const INPUT = 'Hello, Zoë! {[@`az]} 0123456789';

describe('the candidates of the benchmarks', () => {
  it('know the answer', () => {
    expect(rot13(INPUT)).to.equal('Uryyb, Mbë! {[@`nm]} 0123456789');
    expect(rot13(rot13(INPUT))).to.equal(INPUT);
  });

  // Those of `npm run bench:peers` take part where they are installed.
  const unavailable = unavailableCandidates();
  for (const name of Object.keys(CANDIDATES).filter((candidate) => !unavailable.has(candidate))) {
    it(`do the same work: ${name}`, () =>
      withRot13Component(async (component) => {
        const setting = {
          component,
          request: { input: INPUT, options: [] },
          config: {},
          sandbox: 'restricted',
          threads: 1,
          candidates: CANDIDATES,
        };
        const candidate = await openCandidate(name, { ...setting, answer: rot13(INPUT) });
        await candidate.close();
        const wrong = await openCandidate(name, { ...setting, answer: 'something else' }).catch(
          (error: Error) => error,
        );
        expect(wrong)
          .to.be.instanceOf(Error)
          .with.property('message')
          .that.includes('Expected the answer `something else`');
      }));
  }
});
