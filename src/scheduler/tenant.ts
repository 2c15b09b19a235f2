import type { Job } from './job.ts';
import type { Lane } from './lane.ts';
import type { Linked } from './linked-list.ts';

/**
 * A plugin as the scheduler's fairness sees it: one share of the threads, however many versions it has and however
 * much it asks for.
 */
export class Tenant implements Linked<Tenant> {
  previous: Tenant | undefined;
  next: Tenant | undefined;
  readonly name: string;
  readonly lanes: Set<Lane> = new Set();
  /** Milliseconds of thread time that it may still use in this round; negative after a batch that took longer. */
  credit = 0;
  /** Threads that run its batches now. */
  held = 0;
  /** Whether it is in the ring of those that have something queued. */
  active = false;

  constructor(name: string) {
    this.name = name;
  }

  get queued(): number {
    let sum = 0;
    for (const lane of this.lanes) sum += lane.size;
    return sum;
  }

  /** The version to serve next: that of the job with the highest priority, then the one that has had fewer threads. */
  get nextLane(): Lane | undefined {
    let best: Lane | undefined;
    let bestJob: Job | undefined;
    for (const lane of this.lanes) {
      const job = lane.first;
      if (job === undefined) continue;
      if (
        bestJob === undefined ||
        job.priority > bestJob.priority ||
        (job.priority === bestJob.priority && lane.sent < best!.sent)
      ) {
        best = lane;
        bestJob = job;
      }
    }
    return best;
  }
}
