import type { HistogramSnapshot } from './histogram.ts';
import type { VersionSnapshot } from './snapshot.ts';
import type { CountByCode } from './version-metrics.ts';

/** What is known of the plugins, all versions of each together. */
export function byPlugin(versions: readonly VersionSnapshot[]): VersionSnapshot[] {
  const plugins = new Map<string, VersionSnapshot>();
  for (const version of versions) {
    const before = plugins.get(version.plugin);
    plugins.set(version.plugin, before === undefined ? { ...version, version: '' } : together(before, version));
  }
  return [...plugins.values()];
}

function together(one: VersionSnapshot, other: VersionSnapshot): VersionSnapshot {
  return {
    plugin: one.plugin,
    version: '',
    calls: one.calls + other.calls,
    refused: one.refused + other.refused,
    errors: counts(one.errors, other.errors),
    durationMs: histograms(one.durationMs, other.durationMs),
    queueWaitMs: histograms(one.queueWaitMs, other.queueWaitMs),
    batchSize: histograms(one.batchSize, other.batchSize),
    cpuMs: one.cpuMs + other.cpuMs,
    memoryPeakBytes: Math.max(one.memoryPeakBytes, other.memoryPeakBytes),
    hostCalls: one.hostCalls + other.hostCalls,
    instructions: one.instructions + other.instructions,
    instances: one.instances + other.instances,
    instancesMade: one.instancesMade + other.instancesMade,
    workerKills: counts(one.workerKills, other.workerKills),
    interrupts: counts(one.interrupts, other.interrupts),
    queueDepth: one.queueDepth + other.queueDepth,
  };
}

function counts(one: CountByCode, other: CountByCode): CountByCode {
  const sums = new Map<string, number>(Object.entries(one));
  for (const [code, count] of Object.entries(other)) sums.set(code, (sums.get(code) ?? 0) + count);
  return Object.fromEntries(sums) as CountByCode;
}

/** Of counts and sums; what is a quantile of two cannot be told, and nobody asks. */
function histograms(one: HistogramSnapshot, other: HistogramSnapshot): HistogramSnapshot {
  const sums = new Map<number, number>();
  for (const { below, count } of [...one.buckets, ...other.buckets]) sums.set(below, (sums.get(below) ?? 0) + count);
  const buckets = [...sums].map(([below, count]) => ({ below, count })).sort((a, b) => a.below - b.below);
  return {
    ...one,
    count: one.count + other.count,
    sum: one.sum + other.sum,
    max: Math.max(one.max, other.max),
    buckets,
  };
}
