import { cleanLogLine } from '../text/log-line.ts';
import type { VersionSnapshot } from './snapshot.ts';
import { VersionMetrics } from './version-metrics.ts';

/** A version of a plugin as its books are opened: the scheduler's lane. */
export interface CountedVersion {
  readonly definition: { readonly plugin: string };
  readonly version: string;
  readonly metrics: VersionMetrics;
}

/** Versions that are gone and still shown: a scrape after the last request is to find what it counted. */
const KEPT = 64;
/** Characters of a version in a snapshot: plugins name their versions themselves. */
const MAX_VERSION = 100;

interface Entry {
  readonly plugin: string;
  readonly version: string;
  readonly metrics: VersionMetrics;
}

/** The books of all versions, those that are open and those that were closed last. */
export class Book<Version extends CountedVersion> {
  readonly #open = new Set<Version>();
  /** The one closed last comes last. */
  readonly #closed = new Map<string, Entry>();

  open(lane: Version): void {
    this.#open.add(lane);
  }

  /** A lane is closed, and nothing of it runs any more. */
  close(lane: Version): void {
    if (!this.#open.delete(lane)) return;
    const entry = entryOf(lane);
    const key = keyOf(entry);
    const past = this.#closed.get(key);
    if (past !== undefined) entry.metrics.add(past.metrics);
    this.#closed.delete(key);
    this.#closed.set(key, entry);
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= KEPT) break;
      this.#closed.delete(oldest);
    }
  }

  /** @param depthOf How many requests of a lane have not begun. */
  snapshot(depthOf: (lane: Version) => number): VersionSnapshot[] {
    const merged = new Map<string, Entry & { live: number; depth: number }>();
    const take = (entry: Entry, live: number, depth: number): void => {
      const key = keyOf(entry);
      let into = merged.get(key);
      if (into === undefined) {
        into = { ...entry, metrics: new VersionMetrics(), live: 0, depth: 0 };
        merged.set(key, into);
      }
      into.metrics.add(entry.metrics);
      into.live += live;
      into.depth += depth;
    };
    for (const entry of this.#closed.values()) take(entry, 0, 0);
    for (const lane of this.#open) take(entryOf(lane), lane.metrics.total.liveInstances, depthOf(lane));
    return [...merged.values()].map(({ plugin, version, metrics, live, depth }) => {
      const { total, errors, refused, workerKills, interrupts } = metrics;
      return {
        plugin,
        version,
        calls: total.duration.count,
        refused,
        errors: errors.toJSON(),
        durationMs: total.duration.snapshot(),
        queueWaitMs: total.queueWait.snapshot(),
        batchSize: total.batchSize.snapshot(),
        cpuMs: total.cpuMs,
        memoryPeakBytes: total.peakBytes,
        hostCalls: total.hostCalls,
        instructions: total.instructions,
        instances: live,
        instancesMade: total.instancesMade,
        workerKills: workerKills.toJSON(),
        interrupts: interrupts.toJSON(),
        queueDepth: depth,
      };
    });
  }
}

function entryOf({ definition, version, metrics }: CountedVersion): Entry {
  return { plugin: definition.plugin, version: shownVersion(version), metrics };
}

function keyOf({ plugin, version }: Entry): string {
  return JSON.stringify([plugin, version]);
}

/** A version as numbers about it are labelled: plugins name their versions themselves. */
export function shownVersion(version: string): string {
  return cleanLogLine(version).slice(0, MAX_VERSION);
}
