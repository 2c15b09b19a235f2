import type { Candidate } from '../../src/bench/scenario.ts';
import { rot13 } from '../work/rot13.ts';

/** A JavaScript function in the main thread, which is trusted with everything: the bound. */
export async function open(): Promise<Candidate> {
  return { process: rot13, close: async () => {} };
}
