import type { TrapKind } from '../../../src/errors.ts';
import { exceptions, hostile, lifecycle } from '../../fixtures/guests.ts';
import type { Attack, Room } from '../attack.ts';
import { reallocInHostCallTraps } from '../guests/ambush.ts';

/** What the hostile fixture does, with which input, and the trap in which it ends. */
const TRAPS: readonly (readonly [name: string, input: string, trap: TrapKind])[] = [
  ['executes unreachable', 'unreachable', 'unreachable'],
  ['reads outside of its memory', 'oob', 'out-of-bounds-memory'],
  ['fills outside of its memory', 'oob-fill', 'out-of-bounds-memory'],
  ['calls through a place outside of its table', 'oob-table', 'out-of-bounds-table'],
  ['divides by zero', 'divide', 'integer-divide-by-zero'],
  ['divides with overflow', 'overflow', 'integer-overflow'],
  ['converts what is no number', 'convert', 'invalid-conversion-to-integer'],
  ['calls a function of another type', 'indirect-type', 'indirect-call-type-mismatch'],
  ['calls through an empty place of its table', 'indirect-null', 'indirect-call-type-mismatch'],
  ['reads an atomic that is not aligned', 'unaligned', 'unaligned-atomic'],
];

const inProcess = TRAPS.map(
  ([name, input, trap]): Attack => ({ name, guest: hostile, input, ending: { code: 'ERR_TRAP', trap } }),
);

const UNCAUGHT = { code: 'ERR_TRAP', trap: 'uncaught-exception' } as const;
const UNREACHABLE = { code: 'ERR_TRAP', trap: 'unreachable' } as const;

/** Every kind of trap, and traps in everything that the host calls. */
export const traps: Room = {
  room: 'traps',
  attacks: [
    ...inProcess,
    {
      name: 'traps in the start function',
      guest: lifecycle.startTraps,
      phase: 'load',
      ending: { code: 'ERR_INITIALIZE_FAILED', trap: 'unreachable' },
    },
    {
      name: 'has a data segment outside of its memory',
      guest: lifecycle.dataOutOfBounds,
      phase: 'load',
      ending: { code: 'ERR_INITIALIZE_FAILED', trap: 'out-of-bounds-memory' },
    },
    {
      name: 'traps in initialize',
      guest: lifecycle.initializeTraps,
      phase: 'load',
      ending: { code: 'ERR_INITIALIZE_FAILED', trap: 'unreachable' },
    },
    { name: 'traps in get-metadata', guest: lifecycle.metadataTraps, phase: 'load', ending: UNREACHABLE },
    { name: 'traps in shutdown', guest: lifecycle.shutdownTraps, phase: 'unload', ending: { output: 'hello' } },
    { name: 'traps in cabi_realloc, for the arguments', guest: hostile, before: ['realloc-trap'], ending: UNREACHABLE },
    {
      name: 'traps in cabi_realloc, for what a host function returns',
      guest: reallocInHostCallTraps,
      config: { key: 'value' },
      input: 'attack',
      ending: UNREACHABLE,
    },
    { name: 'throws an exception that nothing catches', guest: exceptions.uncaught, input: 'attack', ending: UNCAUGHT },
    { name: 'traps in the post-return of process', guest: hostile, input: 'post-trap', ending: UNREACHABLE },
  ],
};
