import { hostile } from '../../fixtures/guests.ts';
import type { Attack, Ending, Room } from '../attack.ts';
import { loneSurrogate } from '../guests/bombs.ts';
import { syscalls } from '../guests/syscalls.ts';

const BROKEN: Ending = { code: 'ERR_INVALID_RESPONSE' };
/** The rules about handles are traps of the canonical ABI. */
const FORBIDDEN: Ending = { code: 'ERR_TRAP', trap: 'other' };

/** Inputs of the hostile fixture, and what it then hands over. */
const LIES: readonly (readonly [input: string, what: string])[] = [
  ['bad-pointer', 'an output outside of its memory'],
  ['bad-length', 'an output of 4 GiB'],
  ['bad-utf8', 'an output that is no UTF-8'],
  ['bad-utf8-error', 'a message that is no UTF-8'],
  ['bad-option', 'an option that is neither none nor some'],
  ['bad-area', 'a response outside of its memory'],
  ['odd-area', 'a response that is not aligned'],
  ['bad-log', 'a log message outside of its memory'],
  ['bad-log-utf8', 'a log message that is no UTF-8'],
];

const inProcess = LIES.map(
  ([input, what]): Attack => ({ name: `hands over ${what}`, guest: hostile, input, ending: BROKEN }),
);

/** What breaks the canonical ABI. */
export const abi: Room = {
  room: 'abi',
  attacks: [
    ...inProcess,
    { name: 'hands over half of a surrogate pair', guest: loneSurrogate, input: 'attack', ending: BROKEN },
    {
      name: 'has cabi_realloc point outside of its memory',
      guest: hostile,
      before: ['realloc-range'],
      ending: BROKEN,
    },
    {
      name: 'has cabi_realloc answer with a pointer that is not aligned',
      guest: hostile,
      before: ['realloc-odd'],
      options: [['key', 'value']],
      ending: BROKEN,
    },
    { name: 'uses a handle that it never had', guest: syscalls, input: 'forge 77', ending: FORBIDDEN },
    {
      name: 'uses the numbers of the descriptors of the process',
      guest: syscalls,
      input: 'forge 1',
      ending: FORBIDDEN,
    },
    { name: 'uses a stream as a file', guest: syscalls, input: 'confuse', ending: FORBIDDEN },
    { name: 'uses a handle that it has dropped', guest: syscalls, input: 'use-dropped', ending: FORBIDDEN },
    { name: 'drops a handle twice', guest: syscalls, input: 'drop-twice', ending: FORBIDDEN },
    { name: 'passes a name to look up that is no UTF-8', guest: syscalls, input: 'bad-text', ending: BROKEN },
  ],
};
