import { closeEngines } from '../../support/engine.ts';
import { judgeMutants, passMutantsBesideTraffic } from './mutants.ts';

describe('mutated components, very many', function () {
  this.timeout(1_800_000);
  after(closeEngines);

  // One in 16 is a bomb, which starts processes; `npm run fuzz` makes as many as one likes.
  it('neither crash nor hang nor misbehave', () => judgeMutants(2_000));
  it('cost the requests of other plugins nothing', () => passMutantsBesideTraffic(50));
});
