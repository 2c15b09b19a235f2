import type { LatencyHistogram } from '../../src/bench/latency-histogram.ts';
import type { Load } from '../../src/bench/loads.ts';
import type { Metric, Round } from '../../src/bench/scenario.ts';

/** What good requests feel of what goes on beside them. */
export const TRAFFIC_METRICS: readonly Metric[] = [
  { name: 'p99', unit: 'ms', better: 'lower' },
  { name: 'p50', unit: 'ms', better: 'lower' },
  { name: 'longest', unit: 'ms', better: 'lower' },
  { name: 'failed', unit: 'requests', better: 'lower' },
];

export function trafficRound(
  { latency, failed }: Load & { readonly latency: LatencyHistogram },
  more: Readonly<Record<string, number>> = {},
): Round {
  return {
    values: {
      p99: latency.percentile(99),
      p50: latency.percentile(50),
      longest: latency.percentile(100),
      failed,
      ...more,
    },
    latency,
  };
}
