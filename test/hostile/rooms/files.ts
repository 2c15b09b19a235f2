import { mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Policy } from '../../../src/host/policy/policy.ts';
import type { Tree } from '../../host/wasi/sandbox.ts';
import { calls, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

const writable = ({ granted }: Tree): Policy => ({ allowFsWrite: [{ directory: granted, mount: '/data' }] });
const MiB = 1024 * 1024;

/** What a guest can take from the file system of the host, and paths that cost it much. */
export const files: Room = {
  room: 'files',
  attacks: [
    {
      name: 'opens files until there are no descriptors left',
      guest: syscalls,
      policy: writable,
      input: 'preopens\nrepeat 1000 open 0 file 0 0 1',
      // Sixty-four, less those of the grant.
      ending: { output: /^\/data \nquota after 6\d$/ },
    },
    {
      name: 'writes gigabytes',
      guest: syscalls,
      policy: writable,
      ...calls(
        ['preopens', '/data '],
        ['open 0 big 0 1 2', 'ok'],
        [`repeat 70 fill 1 0 ${MiB}`, 'quota after 64'],
        ['set-size 1 1000000000000', 'quota'],
      ),
    },
    {
      name: 'makes a file of a terabyte, most of which is a hole',
      guest: syscalls,
      policy: writable,
      ...calls(
        ['preopens', '/data '],
        ['open 0 sparse 0 1 2', 'ok'],
        ['set-size 1 1000000000000', 'quota'],
        ['write 1 1000000000000 x', 'quota'],
        ['write 1 18446744073709551615 x', 'file-too-large'],
      ),
      verify: ({ tree }) => expect(statSync(join(tree.granted, 'sparse')).size).to.equal(0),
    },
    {
      name: 'makes directories without end',
      guest: syscalls,
      policy: writable,
      ...calls(['preopens', '/data '], ['repeat 2000 churn 0 new', 'quota after 1000']),
    },
    {
      name: 'reads a megabyte of a file that is small, at offsets that no file has',
      guest: syscalls,
      policy: writable,
      ...calls(
        ['preopens', '/data '],
        ['open 0 file 0 0 1', 'ok'],
        ['length 1 18446744073709551615 0', '6'],
        ['length 1 1000000 18446744073709551615', '0'],
      ),
    },
    {
      name: 'walks in circles of symbolic links',
      guest: syscalls,
      policy: writable,
      prepare({ granted }) {
        symlinkSync('b', join(granted, 'a'));
        symlinkSync('a', join(granted, 'b'));
      },
      ...calls(['preopens', '/data '], ['cat 0 a', 'loop'], ['cat 0 b/file', 'loop']),
    },
    {
      name: 'uses paths of thousands of steps',
      guest: syscalls,
      policy: writable,
      ...calls(
        ['preopens', '/data '],
        [`stat-at 0 ${'sub/../'.repeat(2000)} 0`, 'name-too-long'],
        [`stat-at 0 ${'sub/../'.repeat(520)} 0`, 'loop'],
        [`stat-at 0 ${'x'.repeat(1_000_000)} 0`, 'name-too-long'],
      ),
    },
    {
      name: 'uses names with a zero in them',
      guest: syscalls,
      policy: writable,
      ...calls(
        ['preopens', '/data '],
        ['stat-at 0 file\0 0', 'illegal-byte-sequence'],
        ['mkdir 0 a\0b', 'illegal-byte-sequence'],
      ),
    },
    {
      name: 'leaves descriptors behind when it traps',
      guest: syscalls,
      policy: writable,
      input: 'preopens\nrepeat 50 open 0 file 0 0 1\nexit 0',
      ending: { code: 'ERR_TRAP', trap: 'exit' },
    },
    {
      name: 'outlives its directory',
      guest: syscalls,
      policy: ({ root }) => ({ allowFsWrite: [{ directory: join(root, 'gone'), mount: '/data' }] }),
      prepare: ({ root }) => void mkdirSync(join(root, 'gone')),
      ...calls(['preopens', '/data '], ['put 0 file text', 'ok']),
      verify: ({ tree }) => rmSync(join(tree.root, 'gone'), { recursive: true }),
    },
  ],
};
