import { expect } from 'chai';
import type { PluginEngine } from '../../../src/engine.ts';
import type { Policy } from '../../../src/host/policy/policy.ts';
import { createEngine } from '../../support/engine.ts';
import { outcome } from '../../support/outcome.ts';
import { Traffic } from '../traffic.ts';
import { fuzz } from './fuzz.ts';
import { mutant } from './mutate.ts';
import { components } from './seeds.ts';

const SEED = 20_261_123;
const POLICY: Policy = {
  maxMemoryBytes: 2 * 1024 * 1024,
  cpuTimeLimitMs: 100,
  wallTimeLimitMs: 2000,
  maxHostCalls: 1000,
};

/** Judges so many mutants in processes of their own: none may crash, hang or misbehave. */
export async function judgeMutants(mutants: number): Promise<void> {
  const { judged, outcomes, problems } = await fuzz({ seed: SEED, mutants });
  expect(problems).to.deep.equal([]);
  expect(judged).to.equal(mutants);
  // Otherwise it is the mutation that is too coarse: what it makes would never get past the parser.
  expect(outcomes.get('answered'), JSON.stringify([...outcomes])).to.be.above(mutants / 50);
  // And what is for V8's compilers would be too small, or too large, to say anything about bounds.
  expect(outcomes.get('ERR_COMPONENT_TOO_COMPLEX')).to.be.above(0);
}

/** Sends mutants through an engine whose other plugin has traffic, until so many of each kind, accepted and refused, are done. */
export async function passMutantsBesideTraffic(sample: number): Promise<void> {
  const seeds = await components();
  const left = { accepted: sample, refused: sample };
  const engine = await createEngine({ cacheDirectory: false });
  const traffic = await Traffic.begin(engine);
  for (let index = 0; left.accepted > 0 || left.refused > 0; index++) {
    const { bytes, how } = mutant(SEED, index, seeds);
    const passes = traffic.passes(1);
    const outcomes = await life(engine, bytes);
    left[outcomes.length > 1 ? 'accepted' : 'refused']--;
    expect(outcomes, `mutant ${index}, ${how}`).not.to.include('ERR_WORKER_CRASHED');
    await passes;
    expect(traffic.failures, `mutant ${index}, ${how}`).to.deep.equal([]);
  }
  expect(await traffic.stop()).to.equal(0);
  await engine.close();
}

/** Loads, asks, reloads and unloads a mutant; says how each went. */
async function life(engine: PluginEngine, bytes: Uint8Array): Promise<string[]> {
  const loaded = await outcome(engine.loadPlugin('mutant', bytes, { sandbox: POLICY }));
  if (loaded !== 'ok') return [loaded];
  const inputs = ['hello', 'log x', ''];
  const answers = await Promise.all(inputs.map((input) => outcome(engine.process('mutant', { input }))));
  await engine.unloadPlugin('mutant');
  return answers;
}
