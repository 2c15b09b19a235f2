import type { PluginError } from '../../errors.ts';
import type { FairQueue } from '../../scheduler/fair-queue.ts';
import type { Job } from '../../scheduler/job.ts';
import type { ChildEnd } from './child.ts';
import { gone, howEnded } from './child-end.ts';
import type { HostLanes } from './host-lanes.ts';
import type { Passage } from './passage.ts';

/** Children that may die with a request that none of them had begun: it may be what they die of. */
const MAX_LOSSES = 10;

/** What is left of a group whose child is gone. */
export interface Remains {
  readonly queue: FairQueue;
  readonly lanes: HostLanes;
  /** Whether another child will come. */
  readonly continues: boolean;
  readonly maxMemoryBytes: number;
}

/**
 * Decides what becomes of the requests that a child had when it ended: what had certainly not begun goes to the next one,
 * in front (invariant 2); what may have begun fails.
 *
 * @returns How many may have begun.
 */
export function settleAftermath(end: ChildEnd, passages: readonly Passage[], remains: Remains): number {
  const lost = passages.filter(({ job, state }) => state === 'begun' && job.state !== 'settled');
  // Last first, as they go back to the front of the queue one by one.
  for (const passage of passages.toReversed()) if (passage.state === 'sent') requeue(passage, end, remains);
  for (const passage of lost) crash(passage, end, lost.length, remains);
  return lost.length;
}

function requeue({ job, failure }: Passage, end: ChildEnd, { queue, lanes, continues }: Remains): void {
  if (job.state === 'settled') return;
  job.began = false;
  const refusal = lanes.refusal(job.lane);
  if (failure !== undefined) job.reject(failure);
  else if (refusal !== undefined) job.reject(job.error(refusal.code, refusal.message, refusal));
  else if (!continues || ++job.losses >= MAX_LOSSES || !lanes.has(job.lane)) rejectAsGone(job, end);
  else queue.unshift(job);
}

function rejectAsGone(job: Job, end: ChildEnd): void {
  const error = gone(end);
  job.reject(job.error(error.code, error.message, error));
}

function crash({ job, failure }: Passage, end: ChildEnd, lost: number, { maxMemoryBytes }: Remains): void {
  job.began = true;
  const { lane } = job;
  const message = `The process that ran the plugin ended while the request may have been running: ${howEnded(end)}`;
  const error = failure ?? job.error('ERR_WORKER_CRASHED', message, crashDetails(end, maxMemoryBytes));
  lane.metrics.lostWorker('ERR_WORKER_CRASHED', 0);
  // Of several, none is known to be to blame.
  if (lost === 1) lane.gate?.killed(job, error);
  job.reject(error);
}

function crashDetails({ by }: ChildEnd, value: number): ConstructorParameters<typeof PluginError>[2] {
  const hint = 'Another process runs the plugin by now. Ask again only if the plugin may do the same thing twice.';
  return by === 'memory' ? { hint, limit: { name: 'isolation.maxMemoryBytes', value } } : { hint };
}
