import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import type { Attack } from './attack.ts';
import { ROOMS } from './corpus.ts';
import { perform } from './stage.ts';
import { Traffic } from './traffic.ts';

/** Innocent requests that must come through during and after each attack. */
const PASSES = 20;

/** A process of plugins is disposable itself and vets nothing: `npm run suite:process` has what would end it elsewhere. */
const IN_CHILD = process.env.TEST_ISOLATION === 'process';
const isHere = ({ ending }: Attack): boolean => !IN_CHILD || !('limit' in ending) || ending.limit !== 'vettingBytes';

describe('hostile plugins, beside innocent traffic', function () {
  this.timeout(60_000);
  after(closeEngines);

  for (const { room, attacks } of ROOMS) {
    describe(room, () => {
      let engine: PluginEngine;
      let traffic: Traffic;

      before(async () => {
        engine = await createEngine();
        traffic = await Traffic.begin(engine);
      });

      after(async () => {
        expect(await traffic.stop(), 'innocent requests without an answer').to.equal(0);
        expect(engine.status()).to.deep.include({ queued: 0, plugins: 1 });
        // Not by force: an attack that still runs, or whatever it blocks, would keep it from closing.
        await engine.close();
      });

      for (const [index, attack] of attacks.filter(isHere).entries()) {
        it(attack.name, async () => {
          const passes = traffic.passes(PASSES);
          await perform(engine, `hostile-${index}`, attack);
          await passes;
          expect(traffic.failures).to.deep.equal([]);
        });
      }
    });
  }

  it('have names of their own', () => {
    const names = ROOMS.flatMap(({ room, attacks }) => attacks.map(({ name }) => `${room}: ${name}`));
    expect(new Set(names).size).to.equal(names.length);
  });
});
