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

  /**
   * The version to serve next: that of the job with the highest priority, then the one that has waited longest, so that
   * no request waits longer for being routed to one version rather than another. In the same turn of the event loop, the
   * one with fewer jobs under way.
   */
  get nextLane(): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of this.lanes) {
      if (lane.first !== undefined && (best === undefined || isBefore(lane, best))) best = lane;
    }
    return best;
  }
}

/** Of two lanes that both have something queued. */
function isBefore(lane: Lane, other: Lane): boolean {
  const mine = lane.first!;
  const theirs = other.first!;
  if (mine.priority !== theirs.priority) return mine.priority > theirs.priority;
  return mine.askedAt === theirs.askedAt ? lane.sent < other.sent : mine.askedAt < theirs.askedAt;
}
