import { busyReason, busyWarning } from './busy.ts';
import { digits, formatRatio, formatValue } from './format.ts';
import type { CaseReport, MetricReport, Report } from './report.ts';

/** A report as Markdown: what it ran on, and a table for each scenario. */
export function toMarkdown(report: Report): string {
  const scenarios = [...new Set(report.cases.map(({ scenario }) => scenario))];
  const sections = scenarios.map((scenario) => {
    const cases = report.cases.filter((one) => one.scenario === scenario);
    const question = Object.hasOwn(report.questions, scenario) ? `${report.questions[scenario]}\n\n` : '';
    return `### ${scenario}\n\n${question}${scenarioTable(cases, busyReason(report) !== undefined)}\n`;
  });
  return `${[preamble(report), ...sections, skippedList(report)].filter((part) => part !== '').join('\n')}`;
}

/** What the numbers were measured on, and how to read them, in words. */
export function preamble(report: Report): string {
  const { machine, versions, load, startedAt, effort, threads, subject, cases } = report;
  const warning = busyWarning(report);
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const compared = cases.some(({ metrics }) => metrics.some(({ comparisons }) => comparisons.length > 0));
  return `Measured on ${startedAt.slice(0, 10)} with ${threads} threads on ${machine.cpu}, ${machine.cores} cores, ${digits(machine.memoryBytes / 2 ** 30)} GiB, ${machine.system}, at a load of ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after; effort ${effort}, plugin \`${subject.file}\`.
${used.join(', ')}.

Medians over the rounds, and their range.${compared && warning === undefined ? RATIOS : ''}
${warning === undefined ? '' : `\n**${warning}**\n`}`;
}

/** How to read ratios. */
const RATIOS = ` Ratios are the first candidate's values divided by the other's, of
rounds that followed each other, with the interval that holds the true one with 95 % confidence; "noise" is where that
allows for no difference. **Bold** is better than every other candidate, beyond the noise.`;

function scenarioTable(cases: readonly CaseReport[], busy: boolean): string {
  const rows = cases.flatMap((one) => one.metrics.flatMap((metric) => metricRows(one, metric, busy)));
  const head = ['case', 'metric', 'candidate', 'median', 'range', 'ratio'];
  // Nobody to compare with: there are no ratios.
  const columns = rows.some((row) => row.at(-1) !== '') ? head.length : head.length - 1;
  return table(
    head.slice(0, columns),
    rows.map((row) => row.slice(0, columns)),
  );
}

function metricRows(one: CaseReport, metric: MetricReport, busy: boolean): string[][] {
  return metric.candidates.map(({ name, median, min, max }, place) => {
    const value = `${formatValue(median)} ${metric.unit}`;
    const comparison = metric.comparisons.find(({ than }) => than === name);
    return [
      place === 0 ? one.case : '',
      place === 0 ? metric.name : '',
      name,
      name === metric.winner && !busy ? `**${value}**` : value,
      `${formatValue(min)} – ${formatValue(max)}`,
      comparison === undefined
        ? ''
        : busy
          ? formatRatio(comparison, 'alone')
          : `${formatRatio(comparison)}, ${comparison.verdict}`,
    ];
  });
}

function skippedList(report: Report): string {
  const lines = skippedReasons(report).map((line) => `- ${line}`);
  return lines.length === 0 ? '' : `### Not measured\n\n${lines.join('\n')}\n`;
}

/** What was not measured, and why, a line for each. */
export function skippedReasons({ skipped }: Report): string[] {
  return skipped.map(({ scenario, candidate, reason }) => {
    const where = scenario === '*' ? candidate : `${candidate} in ${scenario}`;
    return `${where}: ${reason.split('\n')[0]}`;
  });
}

/** A table, its columns as wide as what is in them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [top, ...body] = cells.map(line);
  return [top, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}
