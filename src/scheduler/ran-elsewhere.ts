import type { RequestTimes } from '../observe/request-times.ts';

/** How a job ran in no thread of the pool, on the clock of this one: in another process, or on this thread. */
export interface RanElsewhere {
  readonly threadId: number;
  readonly times: RequestTimes;
}
