import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Parse and print; a batch without a journal; a batch with one. */
export type Kind = 'parse' | 'batch' | 'journal';

export interface Measurement {
  readonly records: number;
  readonly seconds: number;
  /** CPU time of the main thread for each record. */
  readonly mainMicros: number;
  /** CPU time of all threads for each record, the start of the engine included. */
  readonly allMicros: number;
  /** The most memory that the process had. */
  readonly maxMiB: number;
}

const child = fileURLToPath(new URL('child.ts', import.meta.url));

/** Measures one way through a file, in a process of its own. */
export async function measure(kind: Kind, input: string, output: string): Promise<Measurement> {
  await rm(output, { force: true });
  const { stdout } = await promisify(execFile)(process.execPath, [child, kind, input, output]);
  return JSON.parse(stdout) as Measurement;
}
