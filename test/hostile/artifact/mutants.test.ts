import { expect } from 'chai';
import { closeEngines } from '../../support/engine.ts';
import { judgeMutants, passMutantsBesideTraffic } from './mutants.ts';
import { mutant } from './mutate.ts';
import { components } from './seeds.ts';

describe('mutated components', function () {
  // What is vetted starts two processes of Node.js.
  this.timeout(180_000);
  after(closeEngines);

  it('neither crash nor hang nor misbehave, a few of them', () => judgeMutants(150));

  it('are the same for the same seed', async () => {
    const seeds = await components();
    const some = (seed: number): string[] =>
      Array.from({ length: 50 }, (_, index) => Buffer.from(mutant(seed, index, seeds).bytes).toString('hex'));
    expect(some(1)).to.deep.equal(some(1));
    expect(some(1)).not.to.deep.equal(some(2));
  });

  it('cost the requests of other plugins nothing, a few of them', () => passMutantsBesideTraffic(3));
});
