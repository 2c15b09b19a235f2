import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Policy } from '../../../src/host/policy/policy.ts';
import type { Tree } from '../../host/wasi/sandbox.ts';
import { type Attack, calls, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

const writable = ({ granted }: Tree): Policy => ({ allowFsWrite: [{ directory: granted, mount: '/data' }] });

/** Every call that takes a path, on a path to something that exists. */
const AT: readonly ((path: string) => string)[] = [
  (path) => `open 0 ${path} 1 0 1`,
  (path) => `open 0 ${path} 1 0 2`,
  (path) => `open 0 ${path} 1 1 2`,
  (path) => `open 0 ${path} 1 8 2`,
  (path) => `stat-at 0 ${path} 1`,
  (path) => `set-times-at 0 ${path} 1`,
  (path) => `link 0 ${path} 1 0 stolen`,
];

/** Every call that changes the last component of a path, and never follows it. */
const CHANGES: readonly ((path: string) => string)[] = [
  (path) => `mkdir 0 ${path}`,
  (path) => `rmdir 0 ${path}`,
  (path) => `unlink 0 ${path}`,
  (path) => `symlink 0 file ${path}`,
  (path) => `rename 0 ${path} 0 stolen`,
  (path) => `rename 0 file 0 ${path}`,
  (path) => `link 0 file 0 0 ${path}`,
  (path) => `readlink 0 ${path}`,
];

/** Each call on each path is not permitted. */
function refused(
  of: readonly ((path: string) => string)[],
  paths: readonly string[],
): Pick<Attack, 'input' | 'ending'> {
  const steps = paths.flatMap((path) => of.map((call) => [call(path), 'not-permitted'] as const));
  return calls(['preopens', '/data '], ...steps);
}

/** A thread that swaps entries of the granted directory while the guest runs. */
async function swapper({ granted }: Tree): Promise<() => Promise<void>> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const file = new URL('../../host/wasi/filesystem/swapper.ts', import.meta.url);
  const worker = new Worker(file, { workerData: { granted, stop } });
  await once(worker, 'message');
  return async () => {
    Atomics.store(stop, 0, 1);
    await once(worker, 'exit');
  };
}

const RACE: Policy = { maxHostCalls: 10_000_000, cpuTimeLimitMs: 60_000 };
const race = (call: string): Pick<Attack, 'prepare' | 'policy' | 'input' | 'ending'> => ({
  prepare: swapper,
  policy: (tree) => ({ ...writable(tree), ...RACE }),
  ...calls(['preopens', '/data '], [`race 50 ${call}`, 'both won']),
});

/** Ways out of a granted directory. */
export const fileEscapes: Room = {
  room: 'file escapes',
  attacks: [
    {
      name: 'climbs out with .. and absolute paths',
      guest: syscalls,
      policy: writable,
      ...refused(
        [...AT, ...CHANGES],
        [
          '../outside/secret',
          'sub/../../outside/secret',
          './/sub/.././../outside/secret',
          '/etc/passwd',
          '//etc/passwd',
        ],
      ),
    },
    {
      name: 'follows symbolic links that lead outside',
      guest: syscalls,
      policy: writable,
      prepare({ granted, outside }) {
        symlinkSync(join(outside, 'secret'), join(granted, 'absolute'));
        symlinkSync('../outside/secret', join(granted, 'relative'));
        symlinkSync('../outside', join(granted, 'directory'));
        symlinkSync('relative', join(granted, 'chained'));
      },
      ...refused(AT, ['absolute', 'relative', 'directory/secret', 'chained', 'directory/../outside/secret']),
    },
    {
      name: 'changes what is behind symbolic links to directories outside',
      guest: syscalls,
      policy: writable,
      prepare({ granted, outside }) {
        symlinkSync(outside, join(granted, 'absolute'));
        symlinkSync('../outside', join(granted, 'relative'));
      },
      ...refused(CHANGES, ['absolute/secret', 'relative/secret', 'relative/new']),
    },
    {
      name: 'makes a symbolic link that leads outside',
      guest: syscalls,
      policy: writable,
      ...calls(
        ['preopens', '/data '],
        ['symlink 0 /etc/passwd escape', 'not-permitted'],
        ['symlink 0 ../outside/secret escape', 'not-permitted'],
        ['symlink 0 sub/../../outside escape', 'not-permitted'],
        ['symlink 0 .. escape', 'not-permitted'],
        ['stat-at 0 escape 0', 'no-entry'],
      ),
    },
    {
      name: 'makes a symbolic link that leads outside from where it moves it to',
      guest: syscalls,
      policy: writable,
      ...calls(
        ['preopens', '/data '],
        ['mkdir 0 sub/deep', 'ok'],
        ['symlink 0 ../../outside/secret sub/deep/up', 'ok'],
        ['rename 0 sub/deep/up 0 up', 'ok'],
        ['cat 0 up', 'not-permitted'],
        ['open 0 sub 0 2 1', 'ok'],
        ['symlink 0 ../file sub/back', 'ok'],
        // From the directory itself, the same link leads out of what the descriptor stands for.
        ['cat 1 back', 'not-permitted'],
        ['cat 0 sub/back', 'ok inside'],
      ),
    },
    {
      name: 'replaces a directory that it holds open by a symbolic link',
      guest: syscalls,
      policy: writable,
      prepare: ({ granted }) => symlinkSync('../outside', join(granted, 'planted')),
      ...calls(
        ['preopens', '/data '],
        ['mkdir 0 held', 'ok'],
        ['open 0 held 0 2 1', 'ok'],
        ['rmdir 0 held', 'ok'],
        ['symlink 0 ../outside held', 'not-permitted'],
        // One that is there already will do.
        ['rename 0 planted 0 held', 'ok'],
        ['cat 1 secret', 'no-entry'],
        ['put 1 new text', 'no-entry'],
        ['mkdir 1 new', 'no-entry'],
        ['list 1', 'ok'],
      ),
    },
    {
      name: 'renames the parent of a directory that it holds open, and puts a symbolic link there',
      guest: syscalls,
      policy: writable,
      prepare({ granted }) {
        mkdirSync(join(granted, 'a', 'b'), { recursive: true });
        symlinkSync('../outside', join(granted, 'planted'));
      },
      ...calls(
        ['preopens', '/data '],
        ['open 0 a/b 0 2 1', 'ok'],
        ['put 1 file mine', 'ok'],
        ['rename 0 a 0 moved', 'ok'],
        ['rename 0 planted 0 a', 'ok'],
        ['cat 1 file', 'ok mine'],
        ['cat 1 ../secret', 'not-permitted'],
        ['cat 0 a/secret', 'not-permitted'],
        ['cat 0 moved/b/file', 'ok mine'],
      ),
    },
    { name: 'reads, while a directory turns into a symbolic link', guest: syscalls, ...race('cat 0 swapped/file') },
    { name: 'reads, while a file turns into a symbolic link', guest: syscalls, ...race('cat 0 turning') },
    {
      name: 'creates files, while a directory turns into a symbolic link',
      guest: syscalls,
      ...race('put 0 swapped/new text'),
    },
    {
      name: 'reaches the process through /proc',
      guest: syscalls,
      policy: writable,
      prepare({ granted }) {
        symlinkSync('/proc/self/root', join(granted, 'root'));
        symlinkSync('/proc/self/environ', join(granted, 'environ'));
        symlinkSync('/proc/self/cwd', join(granted, 'cwd'));
      },
      ...refused([(path) => `cat 0 ${path}`, (path) => `open 0 ${path} 1 2 1`], ['root/etc/passwd', 'environ', 'cwd']),
    },
    {
      name: 'is granted /proc',
      guest: syscalls,
      phase: 'load',
      policy: { allowFsRead: ['/proc/self'] },
      ending: { code: 'ERR_CAPABILITY_DENIED' },
    },
    {
      name: 'is granted the whole file system',
      guest: syscalls,
      phase: 'load',
      policy: { allowFsRead: ['/'] },
      ending: { code: 'ERR_CAPABILITY_DENIED' },
    },
    {
      name: 'has its grant replaced by a symbolic link before it is loaded',
      guest: syscalls,
      phase: 'load',
      prepare: ({ outside, root }) => symlinkSync(outside, join(root, 'replaced')),
      policy: ({ root }) => ({ allowFsWrite: [join(root, 'replaced')] }),
      ending: { code: 'ERR_CAPABILITY_DENIED' },
    },
    {
      name: 'opens devices',
      guest: syscalls,
      policy: { allowFsRead: ['/dev'] },
      ...calls(
        ['preopens', '/dev '],
        ['stat-at 0 null 0', 'character-device'],
        ['cat 0 null', 'not-permitted'],
        ['cat 0 zero', 'not-permitted'],
        ['cat 0 fd/0', 'not-permitted'],
      ),
    },
    {
      name: 'opens a FIFO that nobody writes to',
      guest: syscalls,
      policy: writable,
      prepare: ({ granted }) => void execFileSync('sh', ['-c', 'mkfifo "$0"', join(granted, 'fifo')]),
      ...calls(
        ['preopens', '/data '],
        ['stat-at 0 fifo 0', 'fifo'],
        ['open 0 fifo 1 0 1', 'not-permitted'],
        ['open 0 fifo 1 0 2', 'not-permitted'],
        ['open 0 fifo 1 1 3', 'not-permitted'],
        ['link 0 fifo 0 0 second', 'not-permitted'],
      ),
    },
    {
      name: 'makes hard links to what it cannot read',
      guest: syscalls,
      policy: writable,
      prepare: ({ granted }) => symlinkSync('../outside/secret', join(granted, 'out')),
      ...calls(
        ['preopens', '/data '],
        ['link 0 out 0 0 second', 'not-permitted'],
        ['link 0 out 1 0 second', 'not-permitted'],
        ['link 0 sub 0 0 second', 'not-permitted'],
        ['link 0 ../outside/secret 0 0 second', 'not-permitted'],
        ['link 0 file 0 0 second', 'ok'],
        ['cat 0 second', 'ok inside'],
      ),
    },
    {
      name: 'opens files without a grant',
      guest: syscalls,
      ...calls(['preopens', 'none']),
    },
  ],
};
