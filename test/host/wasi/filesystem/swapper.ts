import { renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * A thread that swaps entries of the granted directory as fast as it can, until it is told to stop: `swapped` between
 * a directory and a link to the one outside, `turning` between a file and a link to the one outside, `appearing`
 * between nothing and a link to a file that could be created outside.
 */
const { granted, stop } = workerData as { granted: string; stop: Int32Array };
const at = (name: string): string => join(granted, name);
renameSync(at('sub'), at('swapped'));
writeFileSync(at('turning'), 'inside');
parentPort?.postMessage('swapping');
while (Atomics.load(stop, 0) === 0) {
  renameSync(at('swapped'), at('parked'));
  symlinkSync('../outside', at('swapped'));
  renameSync(at('turning'), at('parked-file'));
  symlinkSync('../outside/file', at('turning'));
  unlinkSync(at('swapped'));
  renameSync(at('parked'), at('swapped'));
  unlinkSync(at('turning'));
  renameSync(at('parked-file'), at('turning'));
  try {
    symlinkSync('../outside/planted', at('appearing'));
    unlinkSync(at('appearing'));
  } catch {
    // The guest has made a file of that name.
  }
}
