import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Attack, calls, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

/** Calls that change something, on a directory granted for reading (0) beside one granted for writing (1). */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  'opens with create': ['open 0 new 0 1 1', 'open 0 file 0 1 1', 'open 0 new 0 5 1'],
  'opens with truncate': ['open 0 file 0 8 1', 'open 0 file 0 8 2'],
  'opens for writing': ['open 0 file 0 0 2', 'open 0 file 0 0 3', 'open 0 link 1 0 2', 'open 0 sub 0 2 33'],
  'opens for writing, below a subdirectory': ['open 0 sub/file 0 0 2', 'open 0 sub/new 0 1 2'],
  writes: ['write 2 0 text', 'write-stream 2 text', 'append-stream 2 text'],
  'sets the size': ['set-size 2 0', 'set-size 2 1000000'],
  'sets times': ['set-times 2', 'set-times 0', 'set-times-at 0 file 0', 'set-times-at 0 link 0'],
  'renames within, out of and into it': ['rename 0 file 0 new', 'rename 0 file 1 stolen', 'rename 1 own 0 new'],
  'links within, out of and into it': ['link 0 file 0 0 new', 'link 0 file 0 1 stolen', 'link 1 own 0 0 new'],
  'removes files and directories': ['unlink 0 file', 'rmdir 0 sub'],
  'makes directories': ['mkdir 0 new', 'mkdir 0 sub/new'],
  'makes symbolic links': ['symlink 0 file new', 'symlink 0 file sub/new'],
};

const attacks = Object.entries(CHANGES).map(
  ([name, steps]): Attack => ({
    name,
    guest: syscalls,
    prepare({ root, granted }) {
      mkdirSync(join(root, 'own'));
      writeFileSync(join(root, 'own', 'own'), 'mine');
      // So that any change shows, whatever the resolution of the clock.
      before = state(granted);
    },
    policy: ({ granted, root }) => ({
      allowFsRead: [{ directory: granted, mount: '/in' }],
      allowFsWrite: [{ directory: join(root, 'own'), mount: '/out' }],
    }),
    ...calls(
      ['preopens', '/in /out '],
      ['open 0 file 0 0 1', 'ok'],
      ...steps.map((step) => [step, 'read-only'] as const),
      ['cat 0 file', 'ok inside'],
    ),
    verify({ tree: { root, granted } }) {
      expect(state(granted)).to.deep.equal(before);
      expect(readdirSync(join(root, 'own'))).to.deep.equal(['own']);
    },
  }),
);

let before: unknown;

/** Everything that a change could show in. */
function state(directory: string): unknown {
  return ['', ...readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()].map((name) => {
    const path = join(directory, name);
    const stat = lstatSync(path);
    return [
      name,
      stat.mode,
      stat.size,
      stat.nlink,
      stat.mtimeMs,
      stat.ctimeMs,
      stat.isFile() && readFileSync(path, 'utf8'),
    ];
  });
}

/** Every way to change what was granted for reading. */
export const readOnly: Room = { room: 'read-only directories', attacks };
