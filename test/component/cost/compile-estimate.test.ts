import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { pluginFiles } from '../../../examples/plugins/files.ts';
import { parseCoreModule } from '../../../src/component/core-module.ts';
import { isOrdinary } from '../../../src/component/cost/compile-estimate.ts';
import { measureFunctions } from '../../../src/component/cost/module-code.ts';
import { manyBlocks, nestedLoops, phiCascade } from '../../hostile/guests/compiler-bombs.ts';
import { fromBytes } from '../from-wat.ts';

/** Whether the first function of a module is one that V8 may be given at once. */
function ordinary(bytes: Uint8Array): boolean {
  const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
  const [first] = measureFunctions(bytes, module);
  return isOrdinary(first!.cost);
}

describe('isOrdinary', () => {
  it('is said of every function of plugins in C, Go, AssemblyScript and JavaScript', async () => {
    for (const file of Object.values(pluginFiles)) {
      const { bytes, analysis } = fromBytes(new Uint8Array(await readFile(file)));
      for (const { module } of analysis.modules) {
        for (const { index, cost } of measureFunctions(bytes, module)) {
          expect(isOrdinary(cost), `${file}, function ${index}`).to.equal(true);
        }
      }
    }
  });

  it('is said of small bombs, and not of large ones', () => {
    expect([manyBlocks(100, 100), phiCascade(100, 100), nestedLoops(100, 100)].map(ordinary)).to.not.include(false);
    expect([manyBlocks(5_000, 100), phiCascade(1_000, 400), nestedLoops(600, 100)].map(ordinary)).to.deep.equal([
      false,
      false,
      true,
    ]);
  });
});
