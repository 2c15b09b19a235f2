import { performance } from 'node:perf_hooks';
import type { ErrorCode } from '../errors.ts';
import type { Batch } from './batch.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Lane } from './lane.ts';
import type { Part } from './part.ts';

/** Has lanes and their tenants answer for what they took of threads: a share of the queue, and a name for how they behave. */
export class Costs {
  readonly #queue: FairQueue;

  constructor(queue: FairQueue) {
    this.#queue = queue;
  }

  /** So many milliseconds went into a part of a batch, of which nothing is in the worker any more. */
  ofPart(batch: Batch, { lane, finished, from }: Part, milliseconds: number): void {
    this.#queue.charge(lane, milliseconds);
    lane.lastBatch = 'done';
    if (batch.jobs[from]?.kind === 'prepare' || finished === 0 || batch.killed?.lane === lane) return;
    if (batch.pace === 'normal') lane.tenant.conduct.behaved(finished);
    // Or every plugin would pass for a slow one until it has been asked some times.
    if (!batch.introduced.has(lane)) lane.measured(milliseconds, finished);
  }

  /** It had its thread for long enough to be told to end, and leaves more of them to others. */
  interrupted({ tenant, metrics }: Lane, code: ErrorCode): void {
    metrics.interrupts.count(code);
    tenant.conduct.wasInterrupted();
  }

  /** What ran until it was killed had its thread for as long as that, and pays for it. */
  lost(batch: Batch): void {
    const milliseconds = performance.now() - batch.startedAt;
    this.#queue.charge(batch.lane, milliseconds);
    batch.lane.lastBatch = 'lost';
    batch.lane.tenant.conduct.costThread();
  }
}
