import { wasi } from '../../fixtures/guests.ts';
import type { Room } from '../attack.ts';

/** A plugin that ends "the process". */
export const exit: Room = {
  room: 'exit',
  attacks: [
    { name: 'exits with success', guest: wasi, input: 'exit 0', ending: { code: 'ERR_TRAP', trap: 'exit' } },
    { name: 'exits with failure', guest: wasi, input: 'exit 1', ending: { code: 'ERR_TRAP', trap: 'exit' } },
    {
      name: 'exits in initialize',
      guest: wasi,
      phase: 'load',
      config: { initialize: 'exit 0' },
      ending: { code: 'ERR_INITIALIZE_FAILED', trap: 'exit' },
    },
    {
      name: 'exits in shutdown',
      guest: wasi,
      phase: 'unload',
      config: { shutdown: 'exit 1' },
      ending: { output: 'hello' },
    },
  ],
};
