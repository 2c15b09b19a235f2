import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { pluginFiles } from '../../../examples/plugins/files.ts';
import { conformance, DEFAULTS } from './conformance.ts';

/** For example plugins that refuse the usual ones. */
const SAMPLES = {
  greys: [{ input: 'two pixels, 16 b' }, { input: 'four' }],
  timestamps: [{ input: '1 March 2026' }, { input: '0\n1767225600' }],
} as const;

/** @param calls How many of them look for memory that grows, and for what ends now and then. */
export function describeExamples(calls: number): void {
  describe(`the conformance suite, in ${calls} calls`, function () {
    this.timeout(120_000);
    for (const [name, file] of Object.entries(pluginFiles)) {
      it(`finds nothing wrong with the example plugin ${name}`, async () => {
        const samples = SAMPLES[name as keyof typeof SAMPLES] ?? DEFAULTS.samples;
        const findings = await conformance(await readFile(file), { calls, samples });
        expect(findings.filter(({ status }) => status !== 'passed')).to.deep.equal([]);
      });
    }
  });
}
