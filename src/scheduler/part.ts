import type { Job } from './job.ts';
import type { Lane } from './lane.ts';

/** The part of a batch that is one lane's: slots in a row. */
export interface Part {
  readonly lane: Lane;
  readonly from: number;
  readonly end: number;
  /** Jobs that ran to their end here. */
  finished: number;
}

/** The parts of such jobs, which go in their order. */
export function partsOf(jobs: readonly Job[]): readonly Part[] {
  const parts: Part[] = [];
  for (let from = 0; from < jobs.length; ) {
    const { lane } = jobs[from]!;
    let end = from + 1;
    while (end < jobs.length && jobs[end]!.lane === lane) end++;
    parts.push({ lane, from, end, finished: 0 });
    from = end;
  }
  return parts;
}
