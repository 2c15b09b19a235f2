import type { Policy } from '../../../src/host/policy/policy.ts';
import type { Guest } from '../../fixtures/core-plugin.ts';
import type { Attack, Ending, Room } from '../attack.ts';
import { LITTLE_CPU } from '../attack.ts';
import { exhaustsLate, floodsLate, liesLate, recursesLate, spinsLate, trapsLate } from '../guests/ambush.ts';

const LATE: readonly (readonly [what: string, guest: Guest, ending: Ending, policy?: Policy])[] = [
  ['traps', trapsLate, { code: 'ERR_TRAP', trap: 'unreachable' }],
  ['loops', spinsLate, { code: 'ERR_CPU_TIME_LIMIT', limit: 'cpuTimeLimitMs' }, LITTLE_CPU],
  ['recurses', recursesLate, { code: 'ERR_STACK_OVERFLOW', limit: 'maxStackBytes' }],
  ['takes all memory', exhaustsLate, { code: 'ERR_MEMORY_LIMIT', limit: 'maxMemoryBytes' }],
  ['hands over a pointer outside of its memory', liesLate, { code: 'ERR_INVALID_RESPONSE' }],
  ['floods the log', floodsLate, { code: 'ERR_HOST_CALL_LIMIT', limit: 'maxHostCalls' }, { maxHostCalls: 5000 }],
];

/** Plugins that behave until their thousandth call. */
export const delayed: Room = {
  room: 'delayed',
  attacks: LATE.map(
    ([what, guest, ending, policy = {}]): Attack => ({
      name: `${what} at the thousandth call`,
      guest,
      policy,
      phase: 'late',
      ending,
    }),
  ),
};
