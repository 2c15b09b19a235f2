import { formatRatio, formatValue } from './format.ts';
import type { Percentile } from './latency-histogram.ts';
import { preamble } from './markdown.ts';
import type { CaseReport, MetricReport, Report } from './report.ts';

const COLOURS = ['#3366cc', '#dc7633', '#2e8b57', '#a33ea1', '#b8860b', '#c0392b', '#16808c', '#7f8c8d', '#6c5ce7'];
const WIDTH = 720;
const LABEL = 170;
const ROW = 24;

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
  svg { width: 100%; height: auto; display: block } svg text { font: 12px system-ui, sans-serif; fill: currentColor }
  h3 { margin: 2rem 0 0 } h4 { margin: 1rem 0 .2rem; font-weight: 500 } p { white-space: pre-line }
  @media (prefers-color-scheme: dark) { body { color: #ddd; background: #181a1b } }`;

/** A report as one page of HTML that needs nothing else: no script, no font, no network. */
export function toHtml(report: Report): string {
  const cases = report.cases.map(
    (one) => `<h3>${escapeHtml(`${one.scenario}: ${one.case}`)}</h3>
${one.metrics.map(bars).join('\n')}
${curves(one)}`,
  );
  const skipped = report.skipped.map(({ scenario, candidate, reason }) => {
    const where = scenario === '*' ? candidate : `${candidate} in ${scenario}`;
    return `<li>${escapeHtml(`${where}: ${reason}`)}</li>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Benchmarks of wasm-plugin-pool</title>
<style>${STYLE}
</style>
<h1>Benchmarks of wasm-plugin-pool</h1>
<p>${escapeHtml(preamble(report).replaceAll('**', ''))}</p>
${cases.join('\n')}
${skipped.length === 0 ? '' : `<h3>Not measured</h3>\n<ul>${skipped.join('')}</ul>`}
</html>
`;
}

/** A bar for each candidate's median, with a line over the range of its rounds. */
function bars({ name, unit, better, candidates, comparisons, winner }: MetricReport): string {
  const most = Math.max(...candidates.map(({ max }) => max), Number.MIN_VALUE);
  const x = (value: number): number => LABEL + (Math.max(0, value) / most) * (WIDTH - LABEL - 230);
  const rows = candidates.map(({ name: candidate, median, min, max }, place) => {
    const y = place * ROW;
    const comparison = comparisons.find(({ than }) => than === candidate);
    const ratio = comparison === undefined ? '' : `; ${formatRatio(comparison)}, ${comparison.verdict}`;
    const weight = candidate === winner ? ' font-weight="bold"' : '';
    return `<text x="${LABEL - 8}" y="${y + 16}" text-anchor="end"${weight}>${escapeHtml(candidate)}</text>
<rect x="${LABEL}" y="${y + 4}" width="${fixed(x(median) - LABEL)}" height="${ROW - 8}" fill="${COLOURS[place % COLOURS.length]}"/>
<path d="M${fixed(x(min))} ${y + 12}H${fixed(x(max))}" stroke="currentColor"/>
<text x="${fixed(x(max) + 8)}" y="${y + 16}"${weight}>${escapeHtml(`${formatValue(median)} ${unit}${ratio}`)}</text>`;
  });
  return `<h4>${escapeHtml(`${name}, ${unit}; ${better} is better`)}</h4>
<svg viewBox="0 0 ${WIDTH} ${candidates.length * ROW}" role="img">${rows.join('\n')}</svg>`;
}

const HEIGHT = 220;
/** Where the plot lies in its picture. */
const PLOT = { left: 60, right: WIDTH - 160, top: 10, bottom: HEIGHT - 30 } as const;
const TICKS = [0, 90, 99, 99.9, 99.99];

/** Latencies by percentage, both axes logarithmic: so the slowest requests are as wide as the others. */
function curves({ latency }: CaseReport): string {
  const named = Object.entries(latency).filter(([, points]) => points.length > 1);
  if (named.length === 0) return '';
  const all = named.flatMap(([, points]) => points.map(([, milliseconds]) => milliseconds));
  const low = Math.log10(Math.max(1e-4, Math.min(...all)));
  const high = Math.max(low + 0.1, Math.log10(Math.max(...all)));
  const rest = ([percent]: Percentile): number => Math.log10(100 / Math.max(100 - percent, 0.001));
  const x = (point: Percentile): number => PLOT.left + (rest(point) / 5) * (PLOT.right - PLOT.left);
  const y = (milliseconds: number): number =>
    PLOT.bottom - ((Math.log10(Math.max(1e-4, milliseconds)) - low) / (high - low)) * (PLOT.bottom - PLOT.top);
  const lines = named.map(([name, points], place) => {
    // The end of the curve is at 100 %, which such an axis does not have.
    const path = points.slice(0, -1).map((point) => `${fixed(x(point))} ${fixed(y(point[1]))}`);
    const colour = COLOURS[place % COLOURS.length];
    return `<path d="M${path.join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>
<text x="${PLOT.right + 8}" y="${PLOT.top + 14 + place * 18}" style="fill:${colour}">${escapeHtml(name)}</text>`;
  });
  const ticks = TICKS.map(
    (percent) => `<text x="${fixed(x([percent, 0]))}" y="${HEIGHT - 10}" text-anchor="middle">${percent} %</text>`,
  );
  const scale = [10 ** low, 10 ** ((low + high) / 2), 10 ** high].map(
    (milliseconds) =>
      `<text x="${PLOT.left - 6}" y="${fixed(y(milliseconds) + 4)}" text-anchor="end">${formatValue(milliseconds)}</text>
<path d="M${PLOT.left} ${fixed(y(milliseconds))}H${PLOT.right}" stroke="currentColor" stroke-opacity=".2"/>`,
  );
  return `<h4>latency in ms, by the share of requests that took at most so long</h4>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${[...scale, ...ticks, ...lines].join('\n')}</svg>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
