import { exceptions, hostile, lifecycle } from '../../fixtures/guests.ts';
import { type Ending, LITTLE_CPU, type Room } from '../attack.ts';
import { reallocInHostCallSpins } from '../guests/ambush.ts';

const STOPPED: Ending = { code: 'ERR_CPU_TIME_LIMIT', limit: 'cpuTimeLimitMs' };
const NOT_STARTED: Ending = { code: 'ERR_INITIALIZE_FAILED', limit: 'cpuTimeLimitMs' };

/** Loops without end, in everything that the host calls. */
export const loops: Room = {
  room: 'loops',
  attacks: [
    { name: 'loops in process', guest: hostile, policy: LITTLE_CPU, input: 'spin', ending: STOPPED },
    {
      name: 'fills memory for ever, where one instruction takes milliseconds',
      guest: hostile,
      policy: LITTLE_CPU,
      input: 'spin-fill',
      ending: STOPPED,
    },
    {
      name: 'calls the host for ever',
      guest: hostile,
      policy: { maxHostCalls: 5000 },
      input: 'spin-host',
      ending: { code: 'ERR_HOST_CALL_LIMIT', limit: 'maxHostCalls' },
    },
    {
      name: 'calls the host for ever, and catches that it may not',
      guest: exceptions.catchesRefusals,
      input: 'attack',
      policy: { maxHostCalls: 5000 },
      ending: { code: 'ERR_HOST_CALL_LIMIT', limit: 'maxHostCalls' },
    },
    {
      name: 'throws and catches for ever',
      guest: exceptions.catchesAll,
      input: 'attack',
      policy: LITTLE_CPU,
      ending: STOPPED,
    },
    {
      name: 'loops in the start function of a module',
      guest: lifecycle.startSpins,
      phase: 'load',
      policy: LITTLE_CPU,
      ending: NOT_STARTED,
    },
    {
      name: 'loops in initialize',
      guest: lifecycle.initializeSpins,
      phase: 'load',
      policy: LITTLE_CPU,
      ending: NOT_STARTED,
    },
    {
      name: 'loops in get-metadata',
      guest: lifecycle.metadataSpins,
      phase: 'load',
      policy: LITTLE_CPU,
      ending: NOT_STARTED,
    },
    {
      name: 'loops in shutdown',
      guest: lifecycle.shutdownSpins,
      phase: 'unload',
      policy: LITTLE_CPU,
      ending: { output: 'hello' },
    },
    {
      name: 'loops in cabi_realloc, for the arguments',
      guest: hostile,
      policy: LITTLE_CPU,
      before: ['realloc-spin'],
      ending: STOPPED,
    },
    {
      name: 'loops in cabi_realloc, for what a host function returns',
      guest: reallocInHostCallSpins,
      config: { key: 'value' },
      policy: LITTLE_CPU,
      input: 'attack',
      ending: STOPPED,
    },
    {
      name: 'loops in the post-return of process',
      guest: hostile,
      policy: LITTLE_CPU,
      input: 'post-spin',
      ending: STOPPED,
    },
  ],
};
