import { busyReason } from './busy.ts';
import { formatRatio, formatValue } from './format.ts';
import { table } from './markdown.ts';
import type { CaseReport, Measured, MetricReport, Report } from './report.ts';
import { median, permutationTest, type Ratio, unpairedRatio, verdict } from './statistics.ts';

/** One candidate's metric in two runs. */
interface Change extends Ratio {
  readonly scenario: string;
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly candidate: string;
  readonly before: number;
  readonly after: number;
  /** How likely the values come apart this far when nothing has changed. */
  readonly p: number;
  readonly verdict: 'better' | 'worse' | 'noise';
  /** The values themselves, or how many times those of another candidate they were, round by round. */
  readonly against: string | null;
}

/** What a newer run found otherwise than an older one. */
interface ReportComparison {
  readonly changes: readonly Change[];
  /** Why the two runs should not be compared, or only in part. */
  readonly warnings: readonly string[];
}

const SIGNIFICANT = 0.05;

/**
 * Compares two runs. Candidates that both have measured are compared by their values and, since the machine may have
 * become faster or slower in between, by their ratios to the second candidate of the case, which took turns with them in
 * both.
 */
export function compareReports(before: Report, after: Report): ReportComparison {
  const changes: Change[] = [];
  for (const newer of after.cases) {
    const older = before.cases.find((one) => one.scenario === newer.scenario && one.case === newer.case);
    for (const metric of newer.metrics) {
      const was = older?.metrics.find(({ name, unit }) => name === metric.name && unit === metric.unit);
      if (was !== undefined) changes.push(...compareMetric(newer, was, metric));
    }
  }
  const told = changes.filter(({ ratio }) => Number.isFinite(ratio));
  const warnings = warningsOf(before, after);
  if (busyReason(before) === undefined && busyReason(after) === undefined) return { changes: told, warnings };
  return { changes: told.map((change) => ({ ...change, verdict: 'noise' })), warnings };
}

function compareMetric(one: CaseReport, was: MetricReport, is: MetricReport): Change[] {
  const both = is.candidates.flatMap((now) => {
    const then = was.candidates.find(({ name }) => name === now.name);
    return then === undefined ? [] : [{ then, now }];
  });
  const changes = both.map(({ then, now }) => judge(one, is, now.name, then.values, now.values));
  const [first, second] = both;
  if (first === undefined || second === undefined) return changes;
  const then = ratios(first.then, second.then);
  const now = ratios(first.now, second.now);
  return [...changes, { ...judge(one, is, first.now.name, then, now), against: second.now.name }];
}

function judge(
  { scenario, case: name }: CaseReport,
  { name: metric, unit, better }: MetricReport,
  candidate: string,
  then: readonly number[],
  now: readonly number[],
): Change {
  const ratio = unpairedRatio(now, then);
  const p = permutationTest(now, then);
  const said = p < SIGNIFICANT ? verdict(ratio) : 'noise';
  const judged = said === 'noise' ? said : (said === 'more') === (better === 'higher') ? 'better' : 'worse';
  const values = { before: median(then), after: median(now), ...ratio };
  return { scenario, case: name, metric, unit, candidate, ...values, p, verdict: judged, against: null };
}

function warningsOf(before: Report, after: Report): string[] {
  const warnings: string[] = [];
  for (const [name, report] of Object.entries({ before, after })) {
    const reason = busyReason(report);
    if (reason !== undefined) warnings.push(`${reason} (${name}): no change is told from noise.`);
  }
  for (const key of ['cpu', 'cores', 'system'] as const) {
    if (before.machine[key] !== after.machine[key])
      warnings.push(`Another machine: ${key} was ${before.machine[key]}, and is ${after.machine[key]}.`);
  }
  for (const name of ['node', 'v8']) {
    if (before.versions[name] !== after.versions[name])
      warnings.push(`Another ${name}: it was ${before.versions[name]}, and is ${after.versions[name]}.`);
  }
  if (before.subject.sha256 !== after.subject.sha256) warnings.push('Another plugin was measured.');
  if (before.threads !== after.threads) warnings.push(`Threads: ${before.threads} before, ${after.threads} after.`);
  const lone = [...without(before.cases, after.cases), ...without(after.cases, before.cases)].length;
  if (lone > 0) warnings.push(`Cases that are in one of the reports only, and are left out: ${lone}.`);
  const speed = unpairedRatio(after.load.calibration, before.load.calibration);
  if (verdict(speed) !== 'noise')
    warnings.push(
      `The machine ran a fixed loop at ${formatRatio(speed)} the speed of before: trust ratios to other candidates only.`,
    );
  return warnings;
}

/** The cases that are not among the others. */
function without(cases: readonly CaseReport[], others: readonly CaseReport[]): CaseReport[] {
  return cases.filter((one) => !others.some((other) => other.scenario === one.scenario && other.case === one.case));
}

/** A comparison as Markdown: the warnings, and what has changed; the rest is counted. */
export function comparisonMarkdown({ changes, warnings }: ReportComparison): string {
  const changed = changes.filter((change) => change.verdict !== 'noise');
  const rows = changed.map(({ against, unit, ...change }) => [
    `${change.scenario}, ${change.case}`,
    against === null ? change.metric : `${change.metric}, times ${against}'s`,
    change.candidate,
    `${formatValue(change.before)}${against === null ? ` ${unit}` : '×'}`,
    `${formatValue(change.after)}${against === null ? ` ${unit}` : '×'}`,
    `${formatRatio(change)}, ${change.verdict}`,
    change.p < 0.001 ? '< 0.001' : change.p.toFixed(3),
  ]);
  const parts = [
    '### What has changed\n',
    ...warnings.map((warning) => `**${warning}**\n`),
    rows.length === 0 ? '' : `${table(['case', 'metric', 'candidate', 'before', 'after', 'ratio', 'p'], rows)}\n`,
    `${changes.length - changed.length} of ${changes.length} comparisons show no change beyond the noise. With so many, about one in 20 of those without a change would by chance have p below ${SIGNIFICANT}.\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function ratios(candidate: Measured, other: Measured): number[] {
  return candidate.values.map((value, round) => value / other.values[round]!).filter(Number.isFinite);
}
