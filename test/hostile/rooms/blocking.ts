import { hostile, memories, wasi } from '../../fixtures/guests.ts';
import { calls, type Ending, LITTLE_TIME, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

const STOPPED: Ending = { code: 'ERR_WALL_TIME_LIMIT', limit: 'wallTimeLimitMs' };

/** Guests that block without using CPU. */
export const blocking: Room = {
  room: 'blocking',
  attacks: [
    {
      name: 'sleeps for a century',
      guest: syscalls,
      policy: LITTLE_TIME,
      input: 'sleep 3153600000000000000',
      ending: STOPPED,
    },
    {
      name: 'sleeps until the end of time',
      guest: syscalls,
      policy: LITTLE_TIME,
      input: 'sleep-until 18446744073709551615',
      ending: STOPPED,
    },
    {
      name: 'polls a timer that is far away, a thousand times in one list',
      guest: syscalls,
      policy: LITTLE_TIME,
      input: 'poll 1000 3153600000000000000',
      ending: STOPPED,
    },
    {
      name: 'polls nothing',
      guest: syscalls,
      input: 'poll 0 1',
      ending: { code: 'ERR_TRAP', trap: 'other' },
    },
    {
      name: 'polls more than there can be handles',
      guest: syscalls,
      input: 'poll 100000 1',
      ending: { code: 'ERR_TRAP', trap: 'other' },
    },
    {
      name: 'sleeps in initialize',
      guest: wasi,
      phase: 'load',
      policy: LITTLE_TIME,
      config: { initialize: 'sleep 3600000' },
      ending: { code: 'ERR_INITIALIZE_FAILED', limit: 'wallTimeLimitMs' },
    },
    {
      name: 'sleeps in shutdown',
      guest: wasi,
      phase: 'unload',
      policy: LITTLE_TIME,
      config: { shutdown: 'sleep 3600000' },
      ending: { output: 'hello' },
    },
    {
      name: 'waits for a word of its memory to change (memory.atomic.wait32)',
      guest: hostile,
      input: 'wait',
      ending: { code: 'ERR_TRAP', trap: 'other' },
    },
    {
      name: 'brings a shared memory to wait on',
      guest: memories.sharedMemory,
      phase: 'load',
      ending: { code: 'ERR_INVALID_COMPONENT' },
    },
    { name: 'reads a standard input that never ends', guest: syscalls, ...calls(['stdin', 'closed']) },
    {
      name: 'waits for a clock that its policy stopped',
      guest: syscalls,
      policy: { allowClocks: false, maxHostCalls: 5000 },
      input: 'wait-for-ever',
      ending: { code: 'ERR_HOST_CALL_LIMIT', limit: 'maxHostCalls' },
    },
  ],
};
