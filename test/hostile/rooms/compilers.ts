import { corePlugin } from '../../fixtures/core-plugin.ts';
import type { Ending, Room } from '../attack.ts';
import {
  distinctTypes,
  emptyMemory,
  emptyModule,
  manyBlocks,
  manyBranches,
  manyLines,
  nestedLoops,
  phiCascade,
} from '../guests/compiler-bombs.ts';
import { withModules } from '../guests/compiler-plugins.ts';
import { delegatesInBlocks, manyLocals, tablesInBlocks, valuesInBlocks } from '../guests/validator-bombs.ts';

const tooMany = (limit: string): Ending => ({ code: 'ERR_COMPONENT_TOO_COMPLEX', limit });

/** Answers `hello`, and traps at what is shorter. */
const trapsAtAll = corePlugin({
  process: '(if (i32.lt_u (local.get $n) (i32.const 5)) (then unreachable)) (call $ok (local.get $p) (local.get $n))',
});

/** Little code of which V8's compilers make much: nothing ends them once they have begun. */
export const compilers: Room = {
  room: 'compilers',
  attacks: [
    {
      name: 'branches to 1,000 blocks with 49,000 locals, in 12 KB',
      guest: withModules(() => [manyBlocks(49_000, 1_000)]),
      phase: 'load',
      ending: tooMany('functionBranchSlots'),
    },
    {
      name: 'branches 300,000 times to one block with 49,000 locals',
      guest: withModules(() => [manyBranches(49_000, 300_000)]),
      phase: 'load',
      ending: tooMany('functionBranchSlots'),
    },
    {
      name: 'writes 20,000 locals within 1,000 loops',
      guest: withModules(() => [nestedLoops(20_000, 1_000)]),
      phase: 'load',
      ending: tooMany('functionLoopSlots'),
    },
    {
      name: 'makes 32 million phis, within all bounds',
      guest: withModules(() => [phiCascade(20_000, 1_600)]),
      phase: 'load',
      ending: tooMany('vettingBytes'),
    },
    {
      name: 'has functions that only look as if compiling them took too much',
      guest: withModules(() => [manyBlocks(5_000, 100)]),
      ending: { output: 'hello' },
    },
    {
      name: 'has 40,000 functions of 49,999 locals',
      guest: withModules(() => [manyLocals(40_000, 49_999)]),
      phase: 'load',
      ending: tooMany('componentLocals'),
    },
    {
      name: 'takes and gives 2,000,000,000 values in 3 MB',
      guest: withModules(() => [valuesInBlocks(500, 2_000)]),
      phase: 'load',
      ending: tooMany('componentValues'),
    },
    {
      name: 'has branch tables and `delegate`s within 16,000 blocks',
      guest: withModules(() => [tablesInBlocks(5, 16_000, 5_000), delegatesInBlocks(5, 16_000, 5_000)]),
      phase: 'load',
      ending: tooMany('componentOuterBlocks'),
    },
    {
      name: 'has 250,000 types that are all different',
      guest: withModules(() => [distinctTypes(250_000)]),
      phase: 'load',
      ending: tooMany('componentTypes'),
    },
    {
      name: 'has 990 memories without a page',
      guest: withModules(() => [emptyMemory()], 990),
      phase: 'load',
      ending: tooMany('instanceMemories'),
    },
    {
      name: 'has 20,000 core modules that are never instantiated',
      guest: withModules(() => Array.from({ length: 20_000 }, emptyModule), 0),
      phase: 'load',
      ending: tooMany('componentModules'),
    },
    {
      name: 'traps with twelve line tables of a million rows',
      guest: withModules(() => Array.from({ length: 12 }, () => manyLines(1_000_000)), 1, trapsAtAll),
      input: 'trap',
      ending: { code: 'ERR_TRAP', trap: 'unreachable' },
    },
  ],
};
