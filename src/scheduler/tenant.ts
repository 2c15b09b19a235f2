import type { Linked } from './linked-list.ts';

/** A version of a plugin as far as its share of the threads goes: a lane. */
export interface TenantLane {
  /** How many jobs it has queued. */
  readonly size: number;
  /** Jobs that are under way. */
  readonly sent: number;
  /** The job that is served next. */
  readonly first: { readonly priority: number; readonly askedAt: number } | undefined;
}

/**
 * A plugin as the scheduler's fairness sees it: one share of the threads, however many versions it has and however
 * much it asks for.
 */
export class Tenant<Lane extends TenantLane> implements Linked<Tenant<Lane>> {
  previous: Tenant<Lane> | undefined;
  next: Tenant<Lane> | undefined;
  readonly name: string;
  readonly lanes: Set<Lane> = new Set();
  /** Milliseconds of thread time that it may still use in this round; negative after a batch that took longer. */
  credit = 0;
  /** Threads that run its batches now, or were ended for one and are not gone. */
  held = 0;
  /** Those of them that were told to end and have not ended in time. */
  stuck = 0;
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
function isBefore(lane: TenantLane, other: TenantLane): boolean {
  const mine = lane.first!;
  const theirs = other.first!;
  if (mine.priority !== theirs.priority) return mine.priority > theirs.priority;
  return mine.askedAt === theirs.askedAt ? lane.sent < other.sent : mine.askedAt < theirs.askedAt;
}
