import { Conduct } from './conduct.ts';
import type { Linked } from './linked-list.ts';

/** Milliseconds that a plugin may be behind others of its group for one batch, or for what it had before they began. */
const LONGEST_DEBT_MS = 40;

/** A version of a plugin as far as its share of the threads goes: a lane. */
export interface TenantLane {
  /** The plugin's name. */
  readonly plugin: string;
  /** How many jobs it has queued. */
  readonly size: number;
  /** Jobs that are under way. */
  readonly sent: number;
  /** The job that is served next. */
  readonly first: { readonly priority: number; readonly askedAt: number } | undefined;
}

/**
 * A group of plugins as the scheduler's fairness sees it: one share of the threads, however many plugins and versions it
 * has and however much it asks for. By default each plugin is a group.
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
  readonly conduct: Conduct = new Conduct();
  /** Milliseconds of thread time that each of its plugins has used, counted so that one that was idle has no claims. */
  readonly #used = new Map<string, number>();
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

  /** How many jobs a plugin of the group has queued. */
  queuedOf(plugin: string): number {
    let sum = 0;
    for (const lane of this.lanes) if (lane.plugin === plugin) sum += lane.size;
    return sum;
  }

  /**
   * The lane to serve next: of the plugin that has had least of the group's share, the version with the job of the highest
   * priority, then the one that has waited longest, so that no request waits longer for being routed to one version rather
   * than another. In the same turn of the event loop, the one with fewer jobs under way.
   */
  get nextLane(): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of this.lanes) {
      if (lane.first !== undefined && (best === undefined || this.#isBefore(lane, best))) best = lane;
    }
    return best;
  }

  /** Books the thread time of a plugin's batch. */
  charge({ plugin }: Lane, milliseconds: number): void {
    // One that is alone has nobody to be compared with.
    if (this.lanes.size === 1) return;
    this.#used.set(plugin, this.#usedBy(plugin) + Math.min(milliseconds, LONGEST_DEBT_MS));
  }

  /** A plugin that had nothing queued has something: it begins where those are that had. */
  begins({ plugin }: Lane): void {
    let least = Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) {
      if (lane.plugin !== plugin && lane.first !== undefined) least = Math.min(least, this.#usedBy(lane.plugin));
    }
    if (least === Number.POSITIVE_INFINITY) this.#used.clear();
    else this.#used.set(plugin, Math.min(Math.max(this.#usedBy(plugin), least), least + LONGEST_DEBT_MS));
  }

  /** A lane is gone. */
  removeLane(lane: Lane): void {
    this.lanes.delete(lane);
    for (const { plugin } of this.lanes) if (plugin === lane.plugin) return;
    this.#used.delete(lane.plugin);
  }

  #usedBy(plugin: string): number {
    return this.#used.get(plugin) ?? 0;
  }

  #isBefore(lane: Lane, other: Lane): boolean {
    if (lane.plugin === other.plugin) return isBefore(lane, other);
    const mine = this.#usedBy(lane.plugin);
    const theirs = this.#usedBy(other.plugin);
    return mine === theirs ? isBefore(lane, other) : mine < theirs;
  }
}

/** Of two lanes of one plugin that both have something queued. */
function isBefore(lane: TenantLane, other: TenantLane): boolean {
  const mine = lane.first!;
  const theirs = other.first!;
  if (mine.priority !== theirs.priority) return mine.priority > theirs.priority;
  return mine.askedAt === theirs.askedAt ? lane.sent < other.sent : mine.askedAt < theirs.askedAt;
}
