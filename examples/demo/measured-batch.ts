import type { BatchRequest, BatchResult, PluginEngine } from '../../src/index.ts';

/** What came of a batch. */
export interface Measurement {
  readonly plugin: string;
  readonly sent: number;
  /** Records that came back, each exactly once. */
  readonly returned: number;
  /** Of those, the ones that the plugin answered with success. */
  readonly succeeded: number;
  readonly seconds: number;
  /** Milliseconds from handing a record over to having its result, one of each record, in ascending order. */
  readonly latencies: Float64Array;
}

/**
 * Runs a batch and takes the time of every record in it.
 *
 * @param onResult Sees each result, in the order in which they are done.
 */
export async function measuredBatch(
  engine: PluginEngine,
  plugin: string,
  records: readonly BatchRequest[],
  concurrency: number,
  onResult: (result: BatchResult, record: BatchRequest) => void,
): Promise<Measurement> {
  const sentAt = new Float64Array(records.length);
  const latencies = new Float64Array(records.length).fill(Number.NaN);
  let returned = 0;
  let succeeded = 0;
  function* source(): Generator<BatchRequest, void, undefined> {
    for (const [index, record] of records.entries()) {
      sentAt[index] = performance.now();
      yield record;
    }
  }
  const startedAt = performance.now();
  for await (const result of engine.batch(source(), { plugin, concurrency })) {
    const { index } = result;
    if (Number.isNaN(latencies[index])) returned++;
    latencies[index] = performance.now() - sentAt[index]!;
    if (result.ok && result.success) succeeded++;
    onResult(result, records[index]!);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { plugin, sent: records.length, returned, succeeded, seconds, latencies: latencies.sort() };
}

/** A percentile of values in ascending order, by the nearest rank. */
export function percentile(sorted: Float64Array, percent: number): number {
  return sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] ?? Number.NaN;
}
