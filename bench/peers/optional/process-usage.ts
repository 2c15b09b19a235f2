import { readFileSync } from 'node:fs';

/** Clock ticks of Linux are hundredths of a second on every platform that Node.js supports. */
const TICK_MICROSECONDS = 10_000;

/** What another process has used: CPU time in microseconds, and resident bytes. Linux only; elsewhere nothing. */
export function processUsage(pid: number): { readonly cpu: number; readonly memory: number } {
  if (process.platform !== 'linux') return { cpu: 0, memory: 0 };
  // The name of the program, which may have spaces, is in parentheses; state is the field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) * TICK_MICROSECONDS,
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
  };
}
