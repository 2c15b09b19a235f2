import { digits, formatRatio, formatValue } from '../../src/bench/format.ts';
import type { CaseReport, MetricReport, Report } from '../../src/bench/report.ts';

/** What is looked up in a report. */
export interface Place {
  readonly scenario: string;
  /** What the case's name begins with. */
  readonly case: string;
  readonly metric: string;
}

/** What stands where a report has no number. */
const NOT_MEASURED = 'not measured';

/** The first case of a scenario whose name begins so; undefined when it was not measured. */
function findCase(report: Report, { scenario, case: name }: Pick<Place, 'scenario' | 'case'>): CaseReport | undefined {
  return report.cases.find((one) => one.scenario === scenario && one.case.startsWith(name));
}

export function findMetric(report: Report, place: Place): MetricReport | undefined {
  return findCase(report, place)?.metrics.find(({ name }) => name === place.metric);
}

/** The median of a candidate with its unit, as in `1.4 µs`. */
export function medianOf(report: Report, place: Place, candidate: string): string {
  const metric = findMetric(report, place);
  const found = metric?.candidates.find(({ name }) => name === candidate);
  return metric === undefined || found === undefined ? NOT_MEASURED : `${formatValue(found.median)} ${metric.unit}`;
}

/** By what factor the first candidate of a case has more than another, with its interval, in words where it may be none. */
export function ratioTo(report: Report, place: Place, than: string): string {
  const comparison = findMetric(report, place)?.comparisons.find((one) => one.than === than);
  if (comparison === undefined) return '';
  return comparison.verdict === 'noise' ? `${formatRatio(comparison)}, noise` : formatRatio(comparison);
}

/** Where and when a report was measured, in a sentence. */
export function origin({ machine, startedAt, versions, load, rounds }: Report & { readonly rounds: number }): string {
  const memory = digits(machine.memoryBytes / 2 ** 30);
  return `Measured on ${startedAt.slice(0, 10)} on ${machine.cpu} with ${machine.cores} processors and ${memory} GiB, Node.js ${versions.node}, in ${rounds} rounds, at a load of ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after.`;
}
