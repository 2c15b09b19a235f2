import type { Candidate, Setting } from '../../src/bench/scenario.ts';
import { openPiscina } from './piscina.ts';

/** Piscina with the best options that were found for many small tasks: several in each worker's port at once. */
export function open(setting: Setting): Promise<Candidate> {
  return openPiscina(setting, { concurrentTasksPerWorker: 64, recordTiming: false });
}
