import type { Lane } from '../scheduler/lane.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { HistogramSnapshot } from './histogram.ts';
import { type CountByCode, VersionMetrics } from './version-metrics.ts';

/** What is known of one version of a plugin. Counters begin with the engine and never go back. */
export interface VersionSnapshot {
  /** The name under which the plugin is loaded. */
  readonly plugin: string;
  /** As `listPlugins()` shows it, cut at 100 characters. Lanes of one name and version count as one. */
  readonly version: string;
  /** Requests that began to run and are over, whatever their end. */
  readonly calls: number;
  /** Answers with `success: false`, which are no errors. */
  readonly refused: number;
  /** Requests that were rejected, by code, those that never began among them. */
  readonly errors: CountByCode;
  /** Milliseconds of each call in its worker, with the making of an instance where one was made. */
  readonly durationMs: HistogramSnapshot;
  /** Milliseconds from `process()` until a worker began the call. */
  readonly queueWaitMs: HistogramSnapshot;
  /** Requests of each batch that went to a worker. */
  readonly batchSize: HistogramSnapshot;
  /** Milliseconds of CPU time of the threads that ran it; up to 100 ms late. */
  readonly cpuMs: number;
  /** Bytes of the largest memory that one instance was seen with at the end of a batch or of its own. */
  readonly memoryPeakBytes: number;
  /** Calls from the plugin to the host: `host-api` and WASI. */
  readonly hostCalls: number;
  /** Live instances, over all threads. */
  readonly instances: number;
  /** Instances made so far. */
  readonly instancesMade: number;
  /** Threads that were ended because of it or died while they ran it, by the code of the error. */
  readonly workerKills: CountByCode;
  /** Requests that have not begun. */
  readonly queueDepth: number;
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
export class Book {
  readonly #open = new Set<Lane>();
  /** The one closed last comes last. */
  readonly #closed = new Map<string, Entry>();

  open(lane: Lane): void {
    this.#open.add(lane);
  }

  /** A lane is closed, and nothing of it runs any more. */
  close(lane: Lane): void {
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
  snapshot(depthOf: (lane: Lane) => number): VersionSnapshot[] {
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
      const { total, errors, refused, workerKills } = metrics;
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
        instances: live,
        instancesMade: total.instancesMade,
        workerKills: workerKills.toJSON(),
        queueDepth: depth,
      };
    });
  }
}

function entryOf({ definition, version, metrics }: Lane): Entry {
  return { plugin: definition.plugin, version: cleanLogLine(version).slice(0, MAX_VERSION), metrics };
}

function keyOf({ plugin, version }: Entry): string {
  return JSON.stringify([plugin, version]);
}
