import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Keeps processors busy with so many processes that compute and nothing else, as `stress -c` does.
 *
 * @returns What ends them.
 */
export async function busyBeside(processes: number): Promise<() => Promise<void>> {
  const children: ChildProcess[] = Array.from({ length: processes }, () =>
    // They end with this process, whatever becomes of it.
    spawn(
      process.execPath,
      [
        '-e',
        'const parent = process.ppid; for (;;) { for (let i = 0; i < 1e8; i++); if (process.ppid !== parent) break; }',
      ],
      {
        stdio: 'ignore',
      },
    ),
  );
  await Promise.all(children.map((child) => once(child, 'spawn')));
  return async () => {
    const ends = children.map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
  };
}
