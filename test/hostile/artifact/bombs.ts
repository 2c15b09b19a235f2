import { coreModulesOf } from '../../../src/canonical-abi/plan/core-modules.ts';
import { parseComponent } from '../../../src/component/parse.ts';
import type { seeded } from '../../support/outcome.ts';
import {
  branchTables,
  calls,
  distinctTypes,
  emptyMemory,
  emptyModule,
  manyBlocks,
  manyBranches,
  manyLines,
  nestedBlocks,
  nestedLoops,
  phiCascade,
  referencesAtCalls,
  tables,
} from '../guests/compiler-bombs.ts';
import { modulesIn } from '../guests/compiler-plugins.ts';
import {
  delegatesInBlocks,
  manyLocals,
  tablesInBlocks,
  valuesInBlocks,
  valuesInBranches,
} from '../guests/validator-bombs.ts';

type Random = ReturnType<typeof seeded>;
type Size = (most: number) => number;

/** What V8's compilers make much of, in a size of the caller's. Products of two sizes are kept so that making one is quick. */
const SHAPES: Readonly<Record<string, (size: Size) => Uint8Array[]>> = {
  blocks: (size) => [manyBlocks(1 + size(49_000), size(4_000))],
  branches: (size) => [manyBranches(1 + size(49_000), size(20_000))],
  phis: (size) => [phiCascade(1 + size(20_000), size(2_000))],
  loops: (size) => [nestedLoops(1 + size(20_000), size(1_000))],
  types: (size) => {
    const types = size(16_000);
    return [distinctTypes(types, size(2 ** 18 - types))];
  },
  nesting: (size) => [nestedBlocks(size(40_000))],
  'branch tables': (size) => [branchTables(size(100), 1 + size(2_000))],
  calls: (size) => [calls(size(3_000), size(1_000))],
  tables: (size) => [tables(size(600))],
  memories: (size) => Array.from({ length: size(100) }, emptyMemory),
  modules: (size) => Array.from({ length: size(1_000) }, emptyModule),
  references: (size) => [referencesAtCalls(size(49_000), size(20_000))],
  locals: (size) => [manyLocals(1 + size(1_000), size(49_999))],
  values: (size) => [valuesInBlocks(1 + size(40), size(2_000)), valuesInBranches(1 + size(40), size(2_000))],
  'tables in blocks': (size) => [tablesInBlocks(1 + size(4), size(16_000), size(1_000))],
  delegates: (size) => [delegatesInBlocks(1 + size(4), size(16_000), size(1_000))],
  lines: (size) => [manyLines(size(200_000))],
};

/** A component with a bomb or two at its end, and what they are. Of all sizes, as bounds lie in between, and more that are large. */
export function withBombs(component: Uint8Array, random: Random): { bytes: Uint8Array; how: string } {
  const steps: string[] = [];
  let before = coreModulesOf(parseComponent(component)).length;
  const parts: Uint8Array[] = [component];
  for (let left = random.pick([1, 1, 2]); left > 0; left--) {
    const sizes: number[] = [];
    const shape = random.pick(Object.keys(SHAPES));
    const modules = SHAPES[shape]!((most) => {
      const size = Math.floor((most + 1) ** Math.sqrt(random.next()));
      sizes.push(size);
      return size;
    });
    const instances = random.pick([0, 1, 1, 1, 2]);
    parts.push(...modulesIn(modules, instances, before));
    before += modules.length;
    steps.push(`${shape} ${sizes.join(' and ')}, ${instances} times`);
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), how: steps.join('; ') };
}
