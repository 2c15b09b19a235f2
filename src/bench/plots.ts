import { formatValue } from './format.ts';
import type { Percentile } from './latency-histogram.ts';
import { COLOURS, type ColourOf, ceiling, fixed, horizontal, PLOT, plot, vertical } from './plot.ts';
import type { Comparison, Measured, MetricReport } from './report.ts';

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
  const legend = named.map(({ name }) => ({ name, colour: colourOf(name), dashed: false }));
  return plot('share of the requests', 'ms', legend, [
    ...decades.map((milliseconds) => horizontal(y(milliseconds), formatValue(milliseconds))),
    ...SHARES.filter((share) => rest(share) <= most).map((share) => vertical(x(share), `${share} %`)),
    ...lines,
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
  const legend = [
    { name, colour, dashed: false },
    { name: 'in proportion', colour: 'currentColor', dashed: true },
  ];
  return plot(axis, `${name}, ${unit}`, legend, [
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => horizontal(y(most * share), formatValue(most * share))),
    ...points.map(({ at }) => vertical(x(at), String(at))),
    `<path d="M${fixed(x(0))} ${fixed(y(0))}L${fixed(x(last.at))} ${fixed(y(inProportion))}" class="bound"/>`,
    `<path d="M${line}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map(
      ({ at, median, min, max }) =>
        `<path d="M${fixed(x(at))} ${fixed(y(min))}V${fixed(y(max))}" stroke="${colour}"/><circle cx="${fixed(x(at))}" cy="${fixed(y(median))}" r="4" fill="${colour}"/>`,
    ),
  ]);
}
