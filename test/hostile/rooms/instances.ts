import { memories } from '../../fixtures/guests.ts';
import type { Ending, Room } from '../attack.ts';
import {
  deepComponents,
  doublingInstances,
  doublingTypes,
  hugeVector,
  hundredThousandInstances,
  manyPages,
  tenGreedyInstances,
} from '../guests/bombs.ts';

const EXCEEDED: Ending = { code: 'ERR_MEMORY_LIMIT', limit: 'maxMemoryBytes' };
const INVALID: Ending = { code: 'ERR_INVALID_COMPONENT' };

/** One module many times, and other components that are small as files and large as anything else. */
export const instances: Room = {
  room: 'instances',
  attacks: [
    {
      name: 'instantiates one module ten times, each of which takes all it can get',
      guest: tenGreedyInstances,
      ending: { output: 'hello' },
    },
    {
      name: 'instantiates one module of 100 pages ten times',
      guest: memories.tenLargeInstances,
      phase: 'load',
      ending: EXCEEDED,
    },
    {
      name: 'instantiates a component of 100 pages ten times',
      guest: memories.nestedInstances,
      phase: 'load',
      ending: EXCEEDED,
    },
    {
      name: 'instantiates one module of a page nine hundred times',
      guest: manyPages,
      phase: 'load',
      ending: { code: 'ERR_COMPONENT_TOO_COMPLEX', limit: 'instanceMemories' },
    },
    {
      name: 'instantiates an empty module a hundred thousand times',
      guest: hundredThousandInstances,
      phase: 'load',
      ending: INVALID,
    },
    { name: 'doubles its instances thirty times', guest: doublingInstances, phase: 'load', ending: INVALID },
    { name: 'doubles a type sixty times', guest: doublingTypes, phase: 'load', ending: INVALID },
    { name: 'nests components two thousand deep', guest: deepComponents, phase: 'load', ending: INVALID },
    { name: 'announces four billion types in 15 bytes', guest: hugeVector, phase: 'load', ending: INVALID },
  ],
};
