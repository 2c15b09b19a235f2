import type { Candidate } from './scenario.ts';

/** CPU time of a candidate up to now in microseconds: of all its threads, and of its other processes. */
export function cpuOf(candidate?: Candidate): number {
  const { user, system } = process.cpuUsage();
  return user + system + (candidate?.otherCpu?.() ?? 0);
}

/** Memory of a candidate in MiB: what the system keeps for its processes (RSS), the load generator's included. */
export function memoryOf(candidate?: Candidate): number {
  return (process.memoryUsage.rss() + (candidate?.otherMemory?.() ?? 0)) / 2 ** 20;
}
