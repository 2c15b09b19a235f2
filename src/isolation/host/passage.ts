import type { PluginError } from '../../errors.ts';
import type { Job } from '../../scheduler/job.ts';

/**
 * A request that a child has. `sent` until the child says that it hands it to a thread: until then it has certainly not
 * begun, and another child may have it; from then on it may have (invariant 2).
 */
export interface Passage {
  readonly job: Job;
  /** Bytes that the child holds for it, with what its answer is expected to take. */
  readonly bytes: number;
  state: 'sent' | 'begun';
  /** What it fails with, once the child says so: its caller gave it up. */
  failure: PluginError | undefined;
}
