import { expect } from 'chai';
import { scenario } from '../../bench/scenarios/languages.ts';
import { LANGUAGES } from '../../bench/work/languages.ts';

describe('the languages of the benchmarks', () => {
  const setting = {
    component: '',
    request: { input: 'sixteen bytes ok', options: [] },
    config: {},
    sandbox: 'restricted',
    threads: 1,
    candidates: {},
  };

  // Those that do ROT13 are in the look that the test of `npm run bench` takes.
  for (const [name, { does }] of Object.entries(LANGUAGES)) {
    if (does !== 'nothing') continue;
    it(`answer an empty input, on warm and on fresh instances: ${name}`, async () => {
      const entrant = await scenario.open(name, setting);
      for (const instances of ['warm', 'fresh']) {
        const { values } = await entrant.round({ bytes: 0, instances }, 1);
        expect(values.rate).to.be.above(0);
        expect(Object.hasOwn(values, 'component')).to.equal(instances === 'fresh');
      }
      await entrant.close();
    });
  }
});
