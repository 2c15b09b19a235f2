import { table } from '../../src/bench/markdown.ts';
import type { Report } from '../../src/bench/report.ts';
import { findMetric, medianOf, origin, type Place, ratioTo } from './measured.ts';

const THROUGHPUT = { scenario: 'throughput', case: '16 B, 64 callers' } as const;

/** The candidates side by side: the table of the README. */
export function candidatesTable(report: Report): string {
  const cpu: Place = { ...THROUGHPUT, metric: 'CPU per request' };
  const names = findMetric(report, cpu)?.candidates.map(({ name }) => name) ?? [];
  const rows = names.map((name) => [
    name,
    medianOf(report, { ...THROUGHPUT, metric: 'rate' }, name),
    medianOf(report, cpu, name),
    ratioTo(report, cpu, name),
    medianOf(report, { ...THROUGHPUT, metric: 'memory' }, name),
  ]);
  return `${from(report)}

${table(['16 B, 64 callers', 'requests', 'CPU time of each', 'engine / this', 'memory'], rows)}`;
}

/** What the engine does by itself: of each case the metric that decides. */
export function engineTable(report: Report): string {
  const rows = report.cases
    .filter(({ scenario }) => scenario !== 'throughput' && scenario !== 'latency')
    .flatMap((one) => {
      const [metric] = one.metrics;
      if (metric === undefined) return [];
      const place = { scenario: one.scenario, case: one.case, metric: metric.name };
      return metric.candidates.map(({ name }, row) => [
        ...(row === 0 ? [one.scenario, one.case, metric.name] : ['', '', '']),
        name,
        medianOf(report, place, name),
      ]);
    });
  return table(['scenario', 'case', 'metric', 'candidate', 'median'], rows);
}

/** Latencies at the same arrivals for all. */
export function latencyTable(report: Report): string {
  const at = { scenario: 'latency', case: '1000 requests/s' } as const;
  const names = findMetric(report, { ...at, metric: 'p50' })?.candidates.map(({ name }) => name) ?? [];
  const rows = names.map((name) => [
    name,
    ...['p50', 'p99', 'p99.9'].map((metric) => medianOf(report, { ...at, metric }, name)),
  ]);
  return table(['1,000 requests/s', 'p50', 'p99', 'p99.9'], rows);
}

/** Where a report comes from. */
export function from(report: Report): string {
  return origin({ ...report, rounds: Math.max(0, ...report.cases.map(({ rounds }) => rounds)) });
}
