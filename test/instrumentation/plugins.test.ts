import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Policy } from '../../src/host/policy/policy.ts';
import { launch } from '../workers/guest.ts';

/**
 * Plugins of several compilers: C, AssemblyScript, JavaScript on QuickJS, Go, Rust. Those whose runtimes look at clocks and
 * random numbers may take more or less of them each time.
 */
const PLUGINS: readonly (readonly [path: string, counts: 'same' | 'some', inputs: readonly string[]])[] = [
  ['redact/redact', 'same', ['', 'mail ada@example.org or call 555 123 4567', 'é'.repeat(3000)]],
  ['word-count/build/word-count', 'same', ['', 'one two  three\nfour']],
  ['csv-to-json/build/csv-to-json', 'some', ['name,age\nAda,36\n"Grace, H.",45\n', '"unterminated']],
  ['timestamps/timestamps', 'some', ['2026-01-02T03:04:05Z', 'no time at all']],
  ['render/render', 'some', ['# Title\n\nSome *text*.', '']],
];

const COUNTED: Policy = { maxInstructions: 1e12 };

describe('plugins with checks', function () {
  this.timeout(60_000);

  for (const [path, counts, inputs] of PLUGINS) {
    it(`answer as they do without, and count what they run: ${path}`, async () => {
      const bytes = await readFile(new URL(`../../examples/plugins/${path}.wasm`, import.meta.url));
      const answers = async (policy: Policy): Promise<readonly [answers: unknown[], counts: unknown[]]> => {
        const { instance } = await launch(bytes, { policy, binding: 'direct', wasi: 'real' });
        instance.initialize();
        const given: unknown[] = [];
        const numbers: unknown[] = [];
        for (const input of inputs) {
          given.push(instance.process(input, []));
          numbers.push(instance.instructions);
        }
        return [given, numbers];
      };
      const [plain] = await answers({});
      expect((await answers({ interrupt: 'trap' }))[0]).to.deep.equal(plain);
      const [counted, first] = await answers(COUNTED);
      const [again, second] = await answers({ ...COUNTED, interrupt: 'trap' });
      expect([counted, again]).to.deep.equal([plain, plain]);
      if (counts === 'same') expect(second).to.deep.equal(first);
      for (const count of first) expect(count).to.be.above(0);
    });
  }
});
