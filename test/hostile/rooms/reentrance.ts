import type { Ending, Room } from '../attack.ts';
import {
  postReturnLogs,
  reallocInHostCallLogs,
  reallocLogs,
  recursesThroughHost,
  startLogs,
} from '../guests/ambush.ts';

const CANNOT_LEAVE: Ending = { code: 'ERR_TRAP' };

/** Calls at moments at which the canonical ABI allows none. */
export const reentrance: Room = {
  room: 're-entrance',
  attacks: [
    {
      name: 'calls the host from cabi_realloc, for the arguments',
      guest: reallocLogs,
      input: 'attack',
      ending: CANNOT_LEAVE,
    },
    {
      name: 'calls the host from cabi_realloc, inside of a call to the host',
      guest: reallocInHostCallLogs,
      config: { key: 'value' },
      input: 'attack',
      ending: CANNOT_LEAVE,
    },
    {
      name: 'recurses through the host: get-config, cabi_realloc, get-config, …',
      guest: recursesThroughHost,
      config: { key: 'value' },
      input: 'attack',
      ending: CANNOT_LEAVE,
    },
    { name: 'calls the host from its post-return', guest: postReturnLogs, input: 'attack', ending: CANNOT_LEAVE },
    {
      name: 'calls the host from its start function',
      guest: startLogs,
      phase: 'load',
      // Functions of the host that pass text are there when the memory is, which is after the start function.
      ending: { code: 'ERR_INITIALIZE_FAILED' },
    },
  ],
};
