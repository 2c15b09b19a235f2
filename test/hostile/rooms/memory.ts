import { exceptions, hostile, memories } from '../../fixtures/guests.ts';
import type { Ending, Room } from '../attack.ts';
import { recursesAndLogs, wideFrames } from '../guests/ambush.ts';
import { wideSyscalls } from '../guests/bombs.ts';
import { syscalls } from '../guests/syscalls.ts';

const MiB = 1024 * 1024;
const EXCEEDED: Ending = { code: 'ERR_MEMORY_LIMIT', limit: 'maxMemoryBytes' };
const OVERFLOWN: Ending = { code: 'ERR_STACK_OVERFLOW', limit: 'maxStackBytes' };

/** Memory, table, stack and heap bombs. */
export const memory: Room = {
  room: 'memory',
  attacks: [
    { name: 'grows its memory until it is refused, and aborts', guest: hostile, input: 'exhaust', ending: EXCEEDED },
    {
      name: 'grows a memory that declares 4 GiB, a page at a time',
      guest: memories.growingMemory,
      policy: { maxMemoryBytes: 4 * MiB },
      // 64 pages, less the two that it has and one for its table.
      ending: { output: /^(6[0-2]|[1-5]\d)$/ },
      // That of another instance, if another thread is free.
      next: /^\d+$/,
    },
    {
      name: 'grows two memories until both are refused',
      guest: memories.twoMemories,
      policy: { maxMemoryBytes: 4 * MiB },
      ending: { output: /^(6[0-3]|[1-5]\d)$/ },
      next: /^\d+$/,
    },
    { name: 'begins with 64 MiB', guest: memories.hugeMemory, phase: 'load', ending: EXCEEDED },
    { name: 'begins with 64 MiB and no maximum', guest: memories.hugeUnboundedMemory, phase: 'load', ending: EXCEEDED },
    { name: 'has a table of ten million entries', guest: memories.hugeTable, phase: 'load', ending: EXCEEDED },
    {
      name: 'has a table of ten million entries, and memory for it',
      guest: memories.hugeTable,
      phase: 'load',
      policy: { maxMemoryBytes: 1024 * MiB },
      ending: { code: 'ERR_INVALID_COMPONENT' },
    },
    {
      name: 'grows its table until it is refused',
      guest: memories.growingTable,
      ending: { output: /^[1-9]\d{0,3}$/ },
      next: /^[1-9]\d{0,3}$/,
    },
    {
      name: 'grows its table a little at a time',
      guest: hostile,
      input: 'grow-table 100000',
      ending: { output: '4294967295' },
    },
    {
      name: 'brings types of the garbage collection proposal, which live in the host',
      guest: memories.gcTypes,
      phase: 'load',
      ending: { code: 'ERR_INVALID_COMPONENT' },
    },
    {
      name: 'allocates from the heap of the host',
      guest: memories.gcAllocates,
      phase: 'load',
      ending: { code: 'ERR_INVALID_COMPONENT' },
    },
    { name: 'recurses without end', guest: hostile, input: 'stack', ending: OVERFLOWN },
    { name: 'recurses with frames of 40 KB', guest: wideFrames, input: 'attack', ending: OVERFLOWN },
    {
      name: 'keeps an exception in each frame of a stack without end',
      guest: exceptions.hoards,
      input: 'attack',
      ending: OVERFLOWN,
    },
    {
      name: 'recurses and calls the host at every depth',
      guest: recursesAndLogs,
      input: 'attack',
      ending: OVERFLOWN,
    },
    {
      name: 'passes a list of 10,000 lists that are one 64 KiB region (0.6 GB)',
      guest: syscalls,
      input: 'alias 10000 65536',
      ending: { code: 'ERR_OUTPUT_LIMIT', limit: 'maxOutputBytes' },
    },
    {
      name: 'passes a list of 10,000 strings that are one 100 KB region (1 GB)',
      guest: syscalls,
      input: 'alias-names 10000 100000',
      ending: { code: 'ERR_OUTPUT_LIMIT', limit: 'maxOutputBytes' },
    },
    {
      // Such a component would run on jco's glue, which bounds nothing: it is no plugin's choice to be run by that.
      name: 'brings a 64-bit memory that it does not use, so as to be run by other glue',
      guest: wideSyscalls,
      phase: 'load',
      ending: { code: 'ERR_INVALID_COMPONENT' },
    },
    {
      name: 'passes a list of a million empty entries',
      guest: syscalls,
      input: 'alias 1000000 0',
      ending: { code: 'ERR_OUTPUT_LIMIT', limit: 'maxOutputBytes' },
    },
    {
      name: 'has the host keep headers without end',
      guest: syscalls,
      input: 'repeat 100 alias 1000 100',
      ending: { code: 'ERR_MEMORY_LIMIT', limit: 'bytes in WASI resources' },
    },
    {
      name: 'asks for 4 GiB of random numbers',
      guest: syscalls,
      input: 'random 4294967295',
      ending: { code: 'ERR_TRAP', trap: 'other' },
    },
    {
      name: 'asks for 2⁶⁴ insecure random numbers',
      guest: syscalls,
      input: 'insecure 18446744073709551615',
      ending: { code: 'ERR_TRAP', trap: 'other' },
    },
  ],
};
