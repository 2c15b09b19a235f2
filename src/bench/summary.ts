import { LatencyHistogram, type Percentile } from './latency-histogram.ts';
import type { Comparison, Measured, MetricReport } from './report.ts';
import type { Metric, Round } from './scenario.ts';
import { median, pairedRatio, verdict } from './statistics.ts';

/** The rounds of one case, by candidate: what was measured one after the other has the same place in each list. */
export type Rounds = ReadonlyMap<string, readonly Round[]>;

/** What a metric comes to; undefined when nothing was measured of it. */
export function summarize(metric: Metric, rounds: Rounds): MetricReport | undefined {
  const candidates: Measured[] = [];
  for (const [name, list] of rounds) {
    const values = list.map((round) => round.values[metric.name]).filter((value) => Number.isFinite(value)) as number[];
    if (values.length === 0) continue;
    candidates.push({ name, values, median: median(values), min: Math.min(...values), max: Math.max(...values) });
  }
  const [first, ...others] = candidates;
  if (first === undefined) return undefined;
  return {
    ...metric,
    candidates,
    // Zeros cannot be divided by.
    comparisons: others.map((other) => compare(metric, first, other)).filter(({ ratio }) => Number.isFinite(ratio)),
    winner: winner(metric, candidates),
  };
}

/** Two candidates that took turns. */
function compare({ better }: Metric, candidate: Measured, than: Measured): Comparison {
  const ratio = pairedRatio(candidate.values, than.values);
  const said = verdict(ratio);
  return {
    candidate: candidate.name,
    than: than.name,
    ...ratio,
    verdict: said === 'noise' ? said : (said === 'more') === (better === 'higher') ? 'better' : 'worse',
  };
}

/** Better than every other one beyond the noise; with nobody to compare with, nobody wins. */
function winner(metric: Metric, candidates: readonly Measured[]): string | null {
  if (candidates.length < 2) return null;
  const wins = (one: Measured): boolean =>
    candidates.every((other) => other === one || compare(metric, one, other).verdict === 'better');
  return candidates.find(wins)?.name ?? null;
}

/** The distributions of latencies over all rounds. */
export function latencies(rounds: Rounds): Record<string, Percentile[]> {
  const curves: Record<string, Percentile[]> = {};
  for (const [name, list] of rounds) {
    const all = new LatencyHistogram();
    for (const { latency } of list) if (latency !== undefined) all.add(latency);
    const curve = all.curve();
    if (curve.length > 0) curves[name] = curve;
  }
  return curves;
}
