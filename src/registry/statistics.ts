import type { CountByCode } from '../observe/version-metrics.ts';
import type { Lane } from '../scheduler/lane.ts';

/**
 * What has become of requests so far; `metrics.snapshot()` has more.
 *
 * @example
 * const statistics: Statistics | undefined = engine.getPlugin('redact')?.statistics;
 * console.log(statistics?.requests, statistics?.pending);
 */
export interface Statistics {
  /** Requests that are over, however they ended. */
  readonly requests: number;
  /** Those that the plugin answered with `success: false`. */
  readonly refused: number;
  /** Those that were rejected, by the code of the error; some of them never began. */
  readonly errors: CountByCode;
  /** Requests that wait, are queued or run. */
  readonly pending: number;
}

export const NO_STATISTICS: Statistics = Object.freeze({ requests: 0, refused: 0, errors: {}, pending: 0 });

export function statisticsOf({ metrics, pending }: Lane): Statistics {
  const errors = metrics.errors.toJSON();
  const rejected = Object.values(errors).reduce((sum, count) => sum + count, 0);
  return { requests: metrics.answered + rejected, refused: metrics.refused, errors, pending };
}

export function add(a: Statistics, b: Statistics): Statistics {
  const errors = { ...a.errors };
  for (const [code, count] of Object.entries(b.errors) as [keyof CountByCode, number][])
    errors[code] = (errors[code] ?? 0) + count;
  return {
    requests: a.requests + b.requests,
    refused: a.refused + b.refused,
    errors,
    pending: a.pending + b.pending,
  };
}
