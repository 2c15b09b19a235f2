import { expect } from 'chai';
import { hostile } from '../../fixtures/guests.ts';
import { type Aftermath, calls, PLAIN, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

const BUDGET = 64 * 1024;

/** The budget of a call was not exceeded, and something of it was used. */
function withinBudget({ logs, events }: Aftermath): void {
  const bytes =
    logs.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0) +
    events.reduce((sum, { type, payload }) => sum + Buffer.byteLength(type) + Buffer.byteLength(payload), 0);
  expect(bytes).to.be.within(1, BUDGET);
}

/** No message can be taken for another one, or for none. */
function plain({ logs, events }: Aftermath): void {
  const lines = [...logs.map(({ message }) => message), ...events.map(({ type }) => type)];
  expect(lines).not.to.be.empty;
  for (const line of lines) expect(line).to.match(PLAIN);
}

/** Floods of everything that reaches the host's operator, and forged lines. */
export const logs: Room = {
  room: 'logs',
  attacks: [
    {
      name: 'logs 5,000 messages in one call',
      guest: hostile,
      input: 'flood-log 5000',
      ending: { output: /^[1-4]\d{3}$/ },
      verify: withinBudget,
    },
    {
      name: 'emits 5,000 events in one call',
      guest: hostile,
      input: 'flood-event 5000',
      ending: { output: /^[1-4]\d{3}$/ },
      verify: withinBudget,
    },
    {
      name: 'logs a megabyte',
      guest: hostile,
      input: 'huge-log 1000000',
      ending: { output: '1' },
      verify: ({ logs }) => expect(logs).to.be.empty,
    },
    {
      name: 'emits an event of a megabyte',
      guest: hostile,
      input: 'huge-event 1000000',
      ending: { output: '1' },
      verify: ({ events }) => expect(events).to.be.empty,
    },
    {
      name: 'asks for its configuration for ever',
      guest: hostile,
      policy: { maxHostCalls: 5000 },
      input: 'flood-config 10000',
      ending: { code: 'ERR_HOST_CALL_LIMIT', limit: 'maxHostCalls' },
    },
    {
      name: 'prints 5,000 lines to stdout',
      guest: syscalls,
      input: 'repeat 5000 stdout a line',
      ending: { output: /^failed after [1-4]\d{3}$/ },
      verify: withinBudget,
    },
    {
      name: 'prints 100 KB without a line break',
      guest: syscalls,
      input: 'stdout-bytes 100000',
      ending: { output: 'failed' },
      verify: withinBudget,
    },
    {
      name: 'prints 2⁶³ zeroes',
      guest: syscalls,
      input: 'stdout-zeroes 9223372036854775808',
      ending: { code: 'ERR_TRAP', trap: 'other' },
    },
    {
      name: 'forges log lines, colours and the direction of text',
      guest: hostile,
      input: 'forge',
      ending: { output: '0' },
      verify: plain,
    },
    {
      name: 'forges the type of an event',
      guest: hostile,
      input: 'event a\nb\u001b[31m\u202e\u061c',
      ending: { output: '0' },
      verify: plain,
    },
    {
      name: 'forges a level',
      guest: hostile,
      input: 'level info\n[error] forged',
      ending: { output: '0' },
      verify: ({ logs }) => expect(logs.map(({ level }) => level)).to.deep.equal(['debug']),
    },
    {
      name: 'forges lines on stdout',
      guest: syscalls,
      ...calls(['stdout \u001b[2J\r[error] forged\u2028', 'ok']),
      verify: plain,
    },
    {
      name: 'holds 5,000 timers',
      guest: syscalls,
      input: 'repeat 5000 timer 3153600000000000000',
      ending: { code: 'ERR_MEMORY_LIMIT', limit: 'WASI resources' },
    },
    {
      name: 'sets and drops timers for ever',
      guest: syscalls,
      policy: { maxHostCalls: 20_000 },
      input: 'repeat 1000000 timer-drop 3153600000000000000',
      ending: { code: 'ERR_HOST_CALL_LIMIT', limit: 'maxHostCalls' },
    },
    {
      name: 'holds 5,000 streams',
      guest: syscalls,
      input: 'repeat 5000 stdout-hold',
      ending: { code: 'ERR_MEMORY_LIMIT', limit: 'WASI resources' },
    },
  ],
};
