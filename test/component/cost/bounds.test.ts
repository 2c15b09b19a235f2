import { expect } from 'chai';
import { analyzeComponent } from '../../../src/component/analyze.ts';
import { assertCompilable } from '../../../src/component/cost/assert-compilable.ts';
import { type Bound, CODE_BOUNDS, COMPONENT_BOUNDS, FUNCTION_BOUNDS } from '../../../src/component/cost/bounds.ts';
import { parseComponent } from '../../../src/component/parse.ts';
import {
  branchTables,
  calls,
  distinctTypes,
  globals,
  manyBlocks,
  manyBranches,
  nestedBlocks,
  nestedLoops,
  phiCascade,
  referencesAtCalls,
  tables,
} from '../../hostile/guests/compiler-bombs.ts';
import { componentOf } from '../../hostile/guests/compiler-plugins.ts';
import {
  delegatesInBlocks,
  manyLocals,
  tablesInBlocks,
  valuesInBlocks,
  valuesInBranches,
} from '../../hostile/guests/validator-bombs.ts';
import { refusal } from '../from-wat.ts';

function judge(bytes: Uint8Array): void {
  assertCompilable(bytes, analyzeComponent(parseComponent(bytes)));
}

describe('the bounds of what is compiled', () => {
  const all = [FUNCTION_BOUNDS, CODE_BOUNDS, COMPONENT_BOUNDS].flatMap((bounds): Bound[] => Object.values(bounds));
  for (const { name, most, seen } of all) {
    it(`are four times above what real software has: ${name}`, () => {
      expect(most).to.be.at.least(4 * seen);
    });
  }

  it('let through what is within them', () => {
    judge(componentOf([nestedBlocks(10_000), manyBlocks(1_000, 1_000), nestedLoops(100, 100), tables(256)]));
    judge(componentOf([manyLocals(335, 49_999)]));
    judge(componentOf([valuesInBlocks(16, 1_000)]));
    judge(componentOf([valuesInBranches(66, 500)]));
    judge(componentOf([tablesInBlocks(2, 16_000, 520), delegatesInBlocks(1, 10, 10)]));
  });

  const REFUSED: readonly (readonly [limit: string, module: Uint8Array])[] = [
    ['functionNesting', nestedBlocks(16_384)],
    ['functionTableEntries', branchTables(3, 50_000)],
    ['functionCallValues', calls(4_195, 0)],
    ['functionBranchSlots', manyBlocks(49_000, 1_000)],
    ['functionBranchSlots', calls(300, 400)],
    ['functionBranchSlots', phiCascade(20_000, 2_000)],
    ['functionLoopSlots', nestedLoops(1_000, 100)],
    ['functionLoopBytes', nestedLoops(8, 9_000)],
    ['functionBranches', manyBranches(1, 500_000)],
    ['functionReferences', referencesAtCalls(40_000, 105)],
    ['functionReferences', referencesAtCalls(100, 42_000)],
    ['componentLocals', manyLocals(336, 49_999)],
    ['componentValues', valuesInBlocks(17, 1_000)],
    ['componentValues', valuesInBranches(68, 500)],
    ['componentOuterBlocks', tablesInBlocks(2, 16_000, 530)],
    ['componentOuterBlocks', delegatesInBlocks(2, 16_000, 530)],
    ['componentTypes', distinctTypes(8_193)],
    ['componentTables', tables(257)],
  ];
  for (const [limit, module] of REFUSED) {
    it(`refuse what is beyond ${limit}`, () => {
      const error = refusal('ERR_COMPONENT_TOO_COMPLEX', () => judge(componentOf([module])));
      expect(error.limit?.name).to.equal(limit);
    });
  }

  it('count globals once for each instance of their module', () => {
    judge(componentOf([globals(1_000)], 131));
    const error = refusal('ERR_COMPONENT_TOO_COMPLEX', () => judge(componentOf([globals(1_000)], 132)));
    expect(error.limit).to.deep.equal({ name: 'componentGlobals', value: 131_072 });
  });

  it('do not look at code that nothing instantiates', () => {
    judge(componentOf([nestedBlocks(16_384)], 0));
  });
});
