import { hostile } from '../../fixtures/guests.ts';
import type { Ending, Room } from '../attack.ts';
import { giantError, giantKey, giantMetadata, giantRefusal } from '../guests/ambush.ts';

/** Memory enough for the guest to make what it hands over. */
const ROOMY = { maxMemoryBytes: 256 * 1024 * 1024 };
const EXCEEDED: Ending = { code: 'ERR_OUTPUT_LIMIT', limit: 'maxOutputBytes' };
const NOT_STARTED: Ending = { code: 'ERR_INITIALIZE_FAILED', limit: 'maxOutputBytes' };

/** A hundred megabytes, wherever a plugin hands text to the host. */
export const outputs: Room = {
  room: 'outputs',
  attacks: [
    { name: 'answers with 100 MB', guest: hostile, policy: ROOMY, input: 'output 100000000', ending: EXCEEDED },
    {
      name: 'answers with one byte more than it may',
      guest: hostile,
      policy: { maxOutputBytes: 100_000 },
      input: 'output 100001',
      ending: EXCEEDED,
    },
    { name: 'fails with a message of 100 MB', guest: giantError, policy: ROOMY, input: 'attack', ending: EXCEEDED },
    { name: 'has 300 MB of metadata', guest: giantMetadata, phase: 'load', policy: ROOMY, ending: EXCEEDED },
    {
      name: 'refuses to start, with a reason of 100 MB',
      guest: giantRefusal,
      phase: 'load',
      policy: ROOMY,
      ending: NOT_STARTED,
    },
    { name: 'logs 100 MB at once', guest: hostile, policy: ROOMY, input: 'huge-log 100000000', ending: EXCEEDED },
    {
      name: 'emits an event of 100 MB',
      guest: hostile,
      policy: ROOMY,
      input: 'huge-event 100000000',
      ending: EXCEEDED,
    },
    {
      name: 'asks for a configuration key of 100 MB',
      guest: giantKey,
      policy: ROOMY,
      input: 'attack',
      ending: EXCEEDED,
    },
  ],
};
