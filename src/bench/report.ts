import type { Percentile } from './latency-histogram.ts';
import type { Metric, Parameters } from './scenario.ts';
import type { Ratio } from './statistics.ts';

/** Changes when a reader of older reports would be wrong about a newer one. */
export const REPORT_FORMAT = 1;

/** What a run of the benchmarks found: what `--json` writes. `REPORT_SCHEMA` describes it. */
export interface Report {
  readonly format: typeof REPORT_FORMAT;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly effort: string;
  readonly machine: Machine;
  /** Of the package, Node.js, V8 and what the candidates are made of. */
  readonly versions: Readonly<Record<string, string>>;
  /** How busy the machine was with other things, and how steady. */
  readonly load: Load;
  /** What was measured. */
  readonly subject: { readonly file: string; readonly sha256: string; readonly bytes: number };
  readonly threads: number;
  /** What each scenario answers, by its name. */
  readonly questions: Readonly<Record<string, string>>;
  readonly cases: readonly CaseReport[];
  /** What was not measured, and why. */
  readonly skipped: readonly Skipped[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
}

interface Load {
  /** Load averages of one minute; 0 where the system has none. */
  readonly before: number;
  readonly after: number;
  /** Rounds of a fixed loop of arithmetic per millisecond of wall time, in turns with the cases: how fast the machine was. */
  readonly calibration: readonly number[];
}

export interface Skipped {
  readonly scenario: string;
  readonly candidate: string;
  readonly reason: string;
}

/** One comparison of one scenario. */
export interface CaseReport {
  readonly scenario: string;
  readonly case: string;
  readonly parameters: Parameters;
  readonly rounds: number;
  readonly roundMs: number;
  readonly metrics: readonly MetricReport[];
  /** Latencies over all rounds, by candidate, where the scenario has them. */
  readonly latency: Readonly<Record<string, readonly Percentile[]>>;
}

/** What one metric came to. */
export interface MetricReport extends Metric {
  readonly candidates: readonly Measured[];
  /** The others against the first candidate, round by round. */
  readonly comparisons: readonly Comparison[];
  /** The candidate that is better than every other one, beyond the noise; null when there is none. */
  readonly winner: string | null;
}

export interface Measured {
  readonly name: string;
  /** One for each round, in the order in which they were measured. */
  readonly values: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The first candidate's values divided by those of `than`. */
export interface Comparison extends Ratio {
  readonly candidate: string;
  readonly than: string;
  readonly verdict: 'better' | 'worse' | 'noise';
}
