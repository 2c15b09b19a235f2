import { formatValue } from './format.ts';
import { type ColourOf, ceiling, fixed, horizontal, type Line, PLOT, plot, vertical } from './plot.ts';
import type { CaseReport } from './report.ts';

/** Cases that differ in nothing but how many callers there are, from the fewest to the most. */
export interface CallersSeries {
  /** What they have in common, by which they find those of an older report. */
  readonly key: string;
  /** `16 B`: as their names begin. */
  readonly title: string;
  readonly cases: readonly CaseReport[];
}

/** The series among the cases of a scenario; single cases are none. */
export function callersSeries(cases: readonly CaseReport[]): CallersSeries[] {
  const groups = new Map<string, CaseReport[]>();
  for (const one of cases) {
    const { callers, ...rest } = one.parameters;
    if (typeof callers !== 'number') continue;
    const key = JSON.stringify(rest);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups].flatMap(([key, members]) => {
    if (new Set(members.map(callersOf)).size < 2) return [];
    const sorted = members.toSorted((a, b) => callersOf(a) - callersOf(b));
    const title = /^(.*), [\d,]+ callers?$/.exec(sorted[0]!.case)?.[1] ?? '';
    return [{ key, title, cases: sorted }];
  });
}

function callersOf({ parameters }: CaseReport): number {
  return parameters.callers as number;
}

interface Point {
  readonly callers: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * A metric over the number of callers: a line for each candidate, with the range of its rounds.
 *
 * @param before Of an older report: drawn under it, dashed.
 */
export function callersCurve(
  series: CallersSeries,
  before: CallersSeries | undefined,
  metric: string,
  colourOf: ColourOf,
): string {
  const now = pointsOf(series, metric);
  const then = before === undefined ? new Map<string, Point[]>() : pointsOf(before, metric);
  const all = [...now.values(), ...then.values()].flat();
  const scale = scaleOf(all.flatMap(({ min, max }) => [min, max]));
  const callers = [...new Set(all.map((point) => point.callers))].sort((a, b) => a - b);
  const [fewest, largest] = [callers[0], callers.at(-1)];
  if (fewest === undefined || largest === undefined || fewest === largest || scale === undefined) return '';
  // Callers come in powers of something.
  const span = Math.log(largest / fewest);
  const x = (at: number): number => PLOT.left + 10 + (Math.log(at / fewest) / span) * (PLOT.right - PLOT.left - 20);
  const { y, marks } = scale;
  const line = (name: string, points: readonly Point[], dashed: boolean): string => {
    const path = points.map((point) => `${fixed(x(point.callers))} ${fixed(y(point.median))}`).join('L');
    const style = dashed ? 'stroke-width="1.5" stroke-dasharray="5 4" opacity="0.75"' : 'stroke-width="2.5"';
    const ranges = points.map(
      (point) =>
        `<path d="M${fixed(x(point.callers))} ${fixed(y(point.min))}V${fixed(y(point.max))}" stroke="${colourOf(name)}"${dashed ? ' opacity="0.4"' : ''}/>`,
    );
    const dots = points.map(
      (point) =>
        `<circle cx="${fixed(x(point.callers))}" cy="${fixed(y(point.median))}" r="${dashed ? 2.5 : 4}" fill="${colourOf(name)}"/>`,
    );
    return `<path class="${dashed ? 'before' : 'now'}" d="M${path}" fill="none" stroke="${colourOf(name)}" ${style}/>${ranges.join('')}${dots.join('')}`;
  };
  const unit = series.cases[0]!.metrics.find(({ name }) => name === metric)?.unit ?? '';
  const legend: Line[] = [...now.keys()].map((name) => ({ name, colour: colourOf(name), dashed: false }));
  for (const name of then.keys()) legend.push({ name: `${name}, before`, colour: colourOf(name), dashed: true });
  return plot('callers', `${metric}, ${unit}`, legend, [
    ...marks.map((mark) => horizontal(y(mark), formatValue(mark))),
    ...callers.map((at) => vertical(x(at), at.toLocaleString('en-US'))),
    ...[...then].map(([name, points]) => line(name, points, true)),
    ...[...now].map(([name, points]) => line(name, points, false)),
  ]);
}

/** From here on, candidates are told apart on a logarithmic axis only. */
const WIDE = 50;

/** An axis for values: from zero, or by powers of ten where they are far apart. */
function scaleOf(values: readonly number[]): { y: (value: number) => number; marks: readonly number[] } | undefined {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (!(most > 0)) return undefined;
  const height = PLOT.bottom - PLOT.top;
  if (least <= 0 || most / least < WIDE) {
    const top = ceiling(most);
    return {
      y: (value) => PLOT.bottom - (value / top) * height,
      marks: [0, 0.25, 0.5, 0.75, 1].map((share) => top * share),
    };
  }
  const low = Math.floor(Math.log10(least));
  const high = Math.ceil(Math.log10(most));
  return {
    y: (value) => PLOT.bottom - ((Math.log10(value) - low) / (high - low)) * height,
    marks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
}

/** What each candidate came to, by the number of callers. */
function pointsOf({ cases }: CallersSeries, metric: string): Map<string, Point[]> {
  const lines = new Map<string, Point[]>();
  for (const one of cases) {
    const candidates = one.metrics.find(({ name }) => name === metric)?.candidates ?? [];
    for (const { name, median, min, max } of candidates) {
      if (![median, min, max].every(Number.isFinite)) continue;
      lines.set(name, [...(lines.get(name) ?? []), { callers: callersOf(one), median, min, max }]);
    }
  }
  return lines;
}
