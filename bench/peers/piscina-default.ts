import type { Candidate, Setting } from '../../src/bench/scenario.ts';
import { openPiscina } from './piscina.ts';

/** Piscina as it comes. */
export function open(setting: Setting): Promise<Candidate> {
  return openPiscina(setting, {});
}
