import { closeEngines } from '../../support/engine.ts';
import { judgeMutants, passMutantsBesideTraffic } from './mutants.ts';

describe('mutated components, very many', function () {
  this.timeout(600_000);
  after(closeEngines);

  it('neither crash nor hang nor misbehave', () => judgeMutants(20_000));
  it('cost the requests of other plugins nothing', () => passMutantsBesideTraffic(50));
});
