import { busyReason, busyWarning } from './busy.ts';
import { callersCurve, callersSeries } from './callers-curve.ts';
import { compareReports } from './compare.ts';
import { formatRatio, formatValue } from './format.ts';
import { preamble, skippedReasons } from './markdown.ts';
import { type ColourOf, colours, escapeHtml } from './plot.ts';
import { bar, intervals, latencyCurves, scalingCurve } from './plots.ts';
import type { CaseReport, MetricReport, Report } from './report.ts';

const STYLE = `
  :root { color-scheme: light dark; --text: #222; --faint: #666; --line: #ddd; --paper: #fff; --better: #14803c; --worse: #b3261e }
  @media (prefers-color-scheme: dark) {
    :root { --text: #ddd; --faint: #999; --line: #3a3d40; --paper: #17191a; --better: #5fd38a; --worse: #ff8a80 } }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: var(--text); background: var(--paper) }
  nav a { color: inherit; margin-right: 1em } h2 { margin: 3rem 0 0; border-bottom: 1px solid var(--line) } h3 { margin: 2rem 0 0 }
  .scroll { overflow-x: auto } table { border-collapse: collapse; table-layout: fixed; width: 100%; min-width: 56rem; margin: .8rem 0 1.4rem; font-variant-numeric: tabular-nums }
  caption { text-align: left; font-weight: 600 } caption small, th { font-weight: normal; color: var(--faint) }
  th, td { padding: .15rem .8rem .15rem 0; overflow: hidden; text-overflow: ellipsis; text-align: left; white-space: nowrap } th { font-size: 13px }
  .number { text-align: right } .winner td:nth-child(1), .winner td:nth-child(3) { font-weight: 600 } .faint { color: var(--faint) }
  .better { color: var(--better) } .worse { color: var(--worse) } .noise { color: var(--faint) }
  .bar { width: 100%; height: 16px; display: block }
  .interval { width: 100%; max-width: 100px; height: 16px; display: block } .interval path { stroke: currentColor; stroke-width: 2 }
  .interval circle { fill: currentColor } .interval .even { stroke: var(--line); stroke-width: 1 }
  figure { margin: .8rem 0; max-width: 46rem } .plot { width: 100%; height: auto; display: block } .plot text { font: 15px system-ui, sans-serif; fill: currentColor }
  .legend { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; list-style: none; margin: .2rem 0; padding: 0 } .key { width: 20px; height: 8px; margin-right: .4em }
  .warning { border-left: 4px solid var(--worse); padding-left: .8em }
  @media (max-width: 60rem) {
    table { min-width: 0; table-layout: auto } th, td { white-space: normal; overflow-wrap: anywhere; padding-right: .5rem } colgroup { display: none }
    .bars { display: none } }
  .grid { stroke: var(--line) } .bound { stroke: currentColor; stroke-dasharray: 4; fill: none }
  p.question { margin: .4rem 0 0; color: var(--faint) }`;

/** The same in all tables, so that what is compared lies under each other. */
const COLUMNS = `<colgroup>${[22, 15, 9, 16, 10, 28].map((percent) => `<col style="width: ${percent}%">`).join('')}</colgroup>`;

/**
 * A report as one page of HTML that needs nothing else: no script, no font, no network. It reads on a phone, too.
 *
 * @param before An older report: its curves are drawn under those of this one.
 */
export function toHtml(report: Report, before?: Report): string {
  const busy = busyReason(report) !== undefined;
  const warnings = before === undefined ? [busyWarning(report)] : compareReports(before, report).warnings;
  const scenarios = [...new Set(report.cases.map(({ scenario }) => scenario))];
  const links = scenarios.map((name, place) => `<a href="#s${place}">${escapeHtml(name)}</a>`);
  const [facts, ...notes] = preamble(report).replaceAll('**', '').replaceAll('`', '').trim().split('\n\n');
  const sections = scenarios.map((name, place) => {
    const question = Object.hasOwn(report.questions, name) ? report.questions[name]! : '';
    const of = ({ cases }: Report): CaseReport[] => cases.filter(({ scenario }) => scenario === name);
    const cases = of(report);
    return `<h2 id="s${place}">${escapeHtml(name)}</h2>
<p class="question">${escapeHtml(question)}</p>
${callersSection(cases, before === undefined ? [] : of(before))}
${lone(cases) ? overview(cases) : cases.map((one) => caseSection(one, busy)).join('\n')}`;
  });
  const skipped = skippedReasons(report).map((line) => `<li>${escapeHtml(line)}</li>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Benchmarks of wasm-plugin-pool</title>
<style>${STYLE}
</style>
<h1>Benchmarks of wasm-plugin-pool</h1>
${warnings.map((warning) => (warning === undefined ? '' : `<p class="warning">${escapeHtml(warning)}</p>\n`)).join('')}<p>${escapeHtml(facts!)}</p>
${notes
  .filter((note) => !note.includes('Intervals and verdicts'))
  .map((note) => `<p class="faint">${escapeHtml(note)}</p>`)
  .join('\n')}
<nav>${links.join('\n')}</nav>
${sections.join('\n')}
${skipped.length === 0 ? '' : `<h2>Not measured</h2>\n<ul>${skipped.join('')}</ul>`}
</html>
`;
}

/** A picture of each metric over the callers: one line for each candidate. */
function callersSection(cases: readonly CaseReport[], before: readonly CaseReport[]): string {
  const colourOf = colours(
    cases.flatMap(({ metrics }) => metrics.flatMap(({ candidates }) => candidates.map(({ name }) => name))),
  );
  const older = callersSeries(before);
  return callersSeries(cases)
    .flatMap((series) => {
      const then = older.find(({ key }) => key === series.key);
      const metrics = [...new Set(series.cases.flatMap((one) => one.metrics.map(({ name }) => name)))];
      return metrics.map((metric) => {
        const title = [series.title, `${metric} over callers`].filter((part) => part !== '').join(': ');
        const picture = callersCurve(series, then, metric, colourOf);
        return picture === '' ? '' : `<h3>${escapeHtml(title)}</h3>\n${picture}`;
      });
    })
    .join('\n');
}

/** Whether nobody is compared with anybody: then a table for each case would have one row. */
function lone(cases: readonly CaseReport[]): boolean {
  return cases.every(
    ({ metrics, latency }) =>
      metrics.every(({ candidates }) => candidates.length === 1) && Object.keys(latency).length === 0,
  );
}

/** All cases of a lone candidate: a row for each case and metric. */
function overview(cases: readonly CaseReport[]): string {
  const rows = cases.flatMap((one) =>
    one.metrics.map(({ name, unit, candidates: [only] }, place) => {
      const range = `${formatValue(only!.min)} – ${formatValue(only!.max)}`;
      return `<tr><td>${place === 0 ? escapeHtml(one.case) : ''}</td><td>${escapeHtml(`${name}, ${unit}`)}</td><td class="number">${formatValue(only!.median)}</td><td class="faint">${range}</td></tr>`;
    }),
  );
  return `<div class="scroll"><table class="overview"><tr><th>case</th><th></th><th class="number">median</th><th>range</th></tr>
${rows.join('\n')}</table></div>`;
}

function caseSection(one: CaseReport, busy: boolean): string {
  const colourOf = colours(one.metrics.flatMap(({ candidates }) => candidates.map(({ name }) => name)));
  const { axis } = one.parameters;
  const [first] = one.metrics;
  const plots = [
    { title: 'Latency: so many requests took at most so long', picture: latencyCurves(one.latency, colourOf) },
    ...(axis === undefined || first === undefined
      ? []
      : [{ title: `By ${axis}`, picture: scalingCurve(first, String(axis)) }]),
  ].filter(({ picture }) => picture !== '');
  return `<h3>${escapeHtml(one.case)}</h3>
${plots.map(({ title, picture }) => `<h4>${escapeHtml(title)}</h4>\n<div class="scroll">${picture}</div>`).join('\n')}
${one.metrics.map((metric) => metricTable(metric, colourOf, busy)).join('\n')}`;
}

/** A row for each candidate: its median as a bar, the range of its rounds, and the first one's ratio to it. */
function metricTable(
  { name, unit, better, candidates, comparisons, winner }: MetricReport,
  colourOf: ColourOf,
  busy: boolean,
): string {
  const most = Math.max(...candidates.map(({ max }) => max), Number.MIN_VALUE);
  const interval = intervals(comparisons);
  const rows = candidates.map((one) => {
    const comparison = comparisons.find(({ than }) => than === one.name);
    const ratio =
      comparison === undefined
        ? '<td class="bars"></td><td></td>'
        : busy
          ? `<td class="bars"></td><td class="noise">${formatRatio(comparison, 'alone')}</td>`
          : `<td class="bars">${interval(comparison)}</td><td class="${comparison.verdict}">${formatRatio(comparison)}, ${comparison.verdict}</td>`;
    return `<tr${one.name === winner && !busy ? ' class="winner"' : ''}><td>${escapeHtml(one.name)}</td><td class="bars">${bar(one, most, colourOf(one.name))}</td><td class="number">${formatValue(one.median)}</td><td class="faint">${formatValue(one.min)} – ${formatValue(one.max)}</td>${ratio}</tr>`;
  });
  const compared = comparisons.length === 0 ? '' : `${candidates[0]!.name} divided by this one`;
  return `<div class="scroll"><table><caption>${escapeHtml(name)}, ${escapeHtml(unit)} <small>${better} is better</small></caption>
${COLUMNS}
<tr><th></th><th class="bars"></th><th class="number">median</th><th>range</th><th class="bars"></th><th>${escapeHtml(compared)}</th></tr>
${rows.join('\n')}</table></div>`;
}
