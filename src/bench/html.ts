import { formatRatio, formatValue } from './format.ts';
import { preamble, skippedReasons } from './markdown.ts';
import { bar, type ColourOf, colours, escapeHtml, intervals, latencyCurves, scalingCurve } from './plots.ts';
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
  .plot { width: 100%; min-width: 40rem; height: auto; display: block } .plot text { font: 12px system-ui, sans-serif; fill: currentColor }
  .grid { stroke: var(--line) } .bound { stroke: currentColor; stroke-dasharray: 4; fill: none }
  p.question { margin: .4rem 0 0; color: var(--faint) }`;

/** The same in all tables, so that what is compared lies under each other. */
const COLUMNS = `<colgroup>${[22, 15, 9, 16, 10, 28].map((percent) => `<col style="width: ${percent}%">`).join('')}</colgroup>`;

/** A report as one page of HTML that needs nothing else: no script, no font, no network. */
export function toHtml(report: Report): string {
  const scenarios = [...new Set(report.cases.map(({ scenario }) => scenario))];
  const links = scenarios.map((name, place) => `<a href="#s${place}">${escapeHtml(name)}</a>`);
  const [facts, ...notes] = preamble(report).replaceAll('**', '').replaceAll('`', '').trim().split('\n\n');
  const sections = scenarios.map((name, place) => {
    const question = Object.hasOwn(report.questions, name) ? report.questions[name]! : '';
    const cases = report.cases.filter(({ scenario }) => scenario === name);
    return `<h2 id="s${place}">${escapeHtml(name)}</h2>
<p class="question">${escapeHtml(question)}</p>
${cases.map(caseSection).join('\n')}`;
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
<p>${escapeHtml(facts!)}</p>
${notes.map((note) => `<p class="faint">${escapeHtml(note)}</p>`).join('\n')}
<nav>${links.join('\n')}</nav>
${sections.join('\n')}
${skipped.length === 0 ? '' : `<h2>Not measured</h2>\n<ul>${skipped.join('')}</ul>`}
</html>
`;
}

function caseSection(one: CaseReport): string {
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
${one.metrics.map((metric) => metricTable(metric, colourOf)).join('\n')}`;
}

/** A row for each candidate: its median as a bar, the range of its rounds, and the first one's ratio to it. */
function metricTable(
  { name, unit, better, candidates, comparisons, winner }: MetricReport,
  colourOf: ColourOf,
): string {
  const most = Math.max(...candidates.map(({ max }) => max), Number.MIN_VALUE);
  const interval = intervals(comparisons);
  const rows = candidates.map((one) => {
    const comparison = comparisons.find(({ than }) => than === one.name);
    const ratio =
      comparison === undefined
        ? '<td></td><td></td>'
        : `<td>${interval(comparison)}</td><td class="${comparison.verdict}">${formatRatio(comparison)}, ${comparison.verdict}</td>`;
    return `<tr${one.name === winner ? ' class="winner"' : ''}><td>${escapeHtml(one.name)}</td><td>${bar(one, most, colourOf(one.name))}</td><td class="number">${formatValue(one.median)}</td><td class="faint">${formatValue(one.min)} – ${formatValue(one.max)}</td>${ratio}</tr>`;
  });
  const compared = comparisons.length === 0 ? '' : `${candidates[0]!.name} divided by this one`;
  return `<div class="scroll"><table><caption>${escapeHtml(name)}, ${escapeHtml(unit)} <small>${better} is better</small></caption>
${COLUMNS}
<tr><th></th><th></th><th class="number">median</th><th>range</th><th colspan="2">${escapeHtml(compared)}</th></tr>
${rows.join('\n')}</table></div>`;
}
