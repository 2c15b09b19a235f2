import { formatValue } from './format.ts';
import type { Percentile } from './latency-histogram.ts';
import type { Comparison, Measured, MetricReport } from './report.ts';

/** How candidates are told apart; the colours are legible on white and on black. */
export type ColourOf = (candidate: string) => string;

const COLOURS = ['#4477dd', '#d9701e', '#2e9960', '#b14ab0', '#b08a10', '#d0453c', '#1a8f9c', '#85929e', '#7d6ee7'];
const WIDTH = 860;
const HEIGHT = 260;
/** Where the axes of a plot lie in its picture; names of candidates go beside it. */
const PLOT = { left: 84, right: WIDTH - 205, top: 12, bottom: HEIGHT - 44 } as const;

/** A colour for each of the candidates, in their order. */
export function colours(candidates: readonly string[]): ColourOf {
  return (candidate) => COLOURS[Math.max(0, candidates.indexOf(candidate)) % COLOURS.length]!;
}

/** A bar from zero to the median, with a line over the range of the rounds. */
export function bar({ median, min, max }: Measured, most: number, colour: string): string {
  const x = (value: number): string => fixed((Math.max(0, value) / most) * 100);
  return `<svg class="bar" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true"><rect y="2" width="${x(median)}" height="12" fill="${colour}"/><path d="M${x(min)} 8H${x(max)}" stroke="currentColor" vector-effect="non-scaling-stroke"/></svg>`;
}

/** The interval of each ratio on one logarithmic axis, with a line where nothing differs. */
export function intervals(comparisons: readonly Comparison[]): (comparison: Comparison) => string {
  const bounds = comparisons.flatMap(({ ratio, low, high }) => [ratio, low, high]);
  const logarithms = bounds.filter((value) => Number.isFinite(value) && value > 0).map(Math.log);
  const reach = Math.max(Math.log(1.1), ...logarithms.map(Math.abs));
  // What has no bound goes to the edge.
  const x = (value: number): string => fixed(50 + (Math.max(-reach, Math.min(reach, Math.log(value))) / reach) * 46);
  return ({ ratio, low, high, verdict }) =>
    `<svg class="interval ${verdict}" viewBox="0 0 100 16" aria-hidden="true"><path class="even" d="M50 0V16"/><path d="M${x(low)} 8H${x(high)}"/><circle cx="${x(ratio)}" cy="8" r="3"/></svg>`;
}

const SHARES = [0, 50, 90, 99, 99.9, 99.99];

/** Latencies by percentage, both axes logarithmic: so the slowest requests are as wide as the others. */
export function latencyCurves(latency: Readonly<Record<string, readonly Percentile[]>>, colourOf: ColourOf): string {
  // The end of a curve is at 100 %, which such an axis does not have.
  const named = Object.entries(latency).flatMap(([name, points]) =>
    points.length > 2 ? [{ name, points: points.slice(0, -1) }] : [],
  );
  if (named.length === 0) return '';
  const rest = (percent: number): number => -Math.log10(1 - percent / 100);
  const most = Math.max(...named.map(({ points }) => rest(points.at(-1)![0])));
  const all = named.flatMap(({ points }) => points.map(([, milliseconds]) => Math.max(1e-4, milliseconds)));
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const x = (percent: number): number => PLOT.left + (rest(percent) / most) * (PLOT.right - PLOT.left);
  const y = (milliseconds: number): number =>
    PLOT.bottom - ((Math.log10(Math.max(1e-4, milliseconds)) - low) / (high - low)) * (PLOT.bottom - PLOT.top);
  const decades = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const lines = named.map(({ name, points }) => {
    const path = points.map(([percent, milliseconds]) => `${fixed(x(percent))} ${fixed(y(milliseconds))}`).join('L');
    return `<path d="M${path}" fill="none" stroke="${colourOf(name)}" stroke-width="2"/>`;
  });
  return plot('share of the requests', 'ms', [
    ...decades.map((milliseconds) => horizontal(y(milliseconds), formatValue(milliseconds))),
    ...SHARES.filter((share) => rest(share) <= most).map((share) => vertical(x(share), `${share} %`)),
    ...lines,
    ...legend(named.map(({ name }) => ({ name, colour: colourOf(name), dashed: false }))),
  ]);
}

/** A metric by the number with which its candidates' names begin, and what it would be in proportion to the first. */
export function scalingCurve({ name, unit, candidates }: MetricReport, axis: string): string {
  const points = candidates.map((one) => ({ ...one, at: Number.parseInt(one.name, 10) })).sort((a, b) => a.at - b.at);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first === last || !Number.isFinite(last.at)) return '';
  const inProportion = (first.median / first.at) * last.at;
  const most = ceiling(Math.max(inProportion, ...points.map(({ max }) => max)));
  const x = (at: number): number => PLOT.left + (at / last.at) * (PLOT.right - PLOT.left - 10);
  const y = (value: number): number => PLOT.bottom - (value / most) * (PLOT.bottom - PLOT.top);
  const line = points.map(({ at, median }) => `${fixed(x(at))} ${fixed(y(median))}`).join('L');
  const colour = COLOURS[0]!;
  return plot(axis, `${name}, ${unit}`, [
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => horizontal(y(most * share), formatValue(most * share))),
    ...points.map(({ at }) => vertical(x(at), String(at))),
    `<path d="M${fixed(x(0))} ${fixed(y(0))}L${fixed(x(last.at))} ${fixed(y(inProportion))}" class="bound"/>`,
    `<path d="M${line}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      ({ at, median, min, max }) =>
        `<path d="M${fixed(x(at))} ${fixed(y(min))}V${fixed(y(max))}" stroke="${colour}"/><circle cx="${fixed(x(at))}" cy="${fixed(y(median))}" r="4" fill="${colour}"/>`,
    ),
    ...legend([
      { name, colour, dashed: false },
      { name: 'in proportion', colour: 'currentColor', dashed: true },
    ]),
  ]);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function plot(along: string, up: string, parts: readonly string[]): string {
  const middle = (PLOT.left + PLOT.right) / 2;
  return `<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${up} by ${along}`)}">
<text x="${middle}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(along)}</text>
<text transform="translate(14 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(up)}</text>
${parts.join('\n')}</svg>`;
}

function horizontal(y: number, label: string): string {
  return `<path class="grid" d="M${PLOT.left} ${fixed(y)}H${PLOT.right}"/><text x="${PLOT.left - 6}" y="${fixed(y + 4)}" text-anchor="end">${label}</text>`;
}

function vertical(x: number, label: string): string {
  return `<path class="grid" d="M${fixed(x)} ${PLOT.top}V${PLOT.bottom}"/><text x="${fixed(x)}" y="${PLOT.bottom + 16}" text-anchor="middle">${label}</text>`;
}

function legend(entries: readonly { name: string; colour: string; dashed: boolean }[]): string[] {
  return entries.map(({ name, colour, dashed }, place) => {
    const y = PLOT.top + 12 + place * 20;
    const line = `<path d="M${PLOT.right + 12} ${y - 4}h18" stroke="${colour}" stroke-width="${dashed ? 1 : 3}"${dashed ? ' stroke-dasharray="4"' : ''}/>`;
    return `${line}<text x="${PLOT.right + 36}" y="${y}">${escapeHtml(name)}</text>`;
  });
}

/** The next number that is easy to divide by four. */
function ceiling(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * unit).find((one) => one >= value) ?? value;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
