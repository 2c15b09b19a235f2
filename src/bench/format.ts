import type { Ratio } from './statistics.ts';

/** A number with three digits that mean something. */
export function digits(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** A measured value; what is missing is a dash. */
export function formatValue(value: number): string {
  return Number.isFinite(value) ? digits(value) : '–';
}

/** A ratio, with its interval unless that means nothing. */
export function formatRatio(
  { ratio, low, high }: Ratio,
  interval: 'with interval' | 'alone' = 'with interval',
): string {
  const factor = (value: number): string => {
    if (!Number.isFinite(value)) return '∞';
    // So many zeros after the point nobody counts.
    return value > 0 && value < 0.01 ? `1/${digits(1 / value)}` : digits(value);
  };
  return interval === 'alone' ? `${factor(ratio)}×` : `${factor(ratio)}× (${factor(low)} – ${factor(high)})`;
}
