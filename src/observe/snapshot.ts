import type { HistogramSnapshot } from './histogram.ts';
import type { EngineLimits, PluginStatus } from './plugin-status.ts';
import type { CountByCode } from './version-metrics.ts';

/**
 * Threads, by what they are doing. `ending` were told to end, `stuck` have not ended in time: both still exist.
 *
 * @example
 * const { idle, busy }: Readonly<ThreadCounts> = engine.status().threads;
 */
export type ThreadCounts = Record<'starting' | 'idle' | 'busy' | 'ending' | 'stuck', number>;

/**
 * What an engine has counted.
 *
 * @example
 * const snapshot: MetricsSnapshot = engine.metrics.snapshot();
 * for (const { plugin, calls } of snapshot.plugins) console.log(plugin, calls);
 */
export interface MetricsSnapshot {
  /** One entry for each version of each plugin: those that are loaded, and the 64 that were closed last. */
  readonly plugins: readonly VersionSnapshot[];
  /** Worker threads that exist, by what they are doing. */
  readonly threads: Readonly<ThreadCounts>;
  /** Bytes of requests that are not answered, and of large answers that somebody still has. */
  readonly outstandingBytes: number;
  /** What state each plugin is in. */
  readonly states: readonly PluginStatus[];
  /** Sessions that are open, by the name of the plugin. */
  readonly sessions: Readonly<Record<string, number>>;
  /** Loads that failed, by the name of the plugin: what was there before stayed. */
  readonly reloadFailures: Readonly<Record<string, number>>;
  /** The bounds that the engine was made with. */
  readonly limits: EngineLimits;
}

/**
 * What is known of one version of a plugin. Counters begin with the engine and never go back.
 *
 * @example
 * const share = ({ calls, refused }: VersionSnapshot) => refused / calls;
 * console.log(engine.metrics.snapshot().plugins.map(share));
 */
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
  /** WebAssembly instructions, where the policy has a `maxInstructions`. */
  readonly instructions: number;
  /** Live instances, over all threads. */
  readonly instances: number;
  /** Instances made so far. */
  readonly instancesMade: number;
  /** Threads that were ended because of it or died while they ran it, by the code of the error. */
  readonly workerKills: CountByCode;
  /** Calls that were ended while their threads stayed, by code; see `interrupt` of a policy. */
  readonly interrupts: CountByCode;
  /** Requests that have not begun. */
  readonly queueDepth: number;
}
