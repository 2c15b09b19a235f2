import type { Case, Effort, Scenario } from './scenario.ts';

/** How long is measured. */
export interface Duration {
  /** Rounds that count; one more goes before them. */
  readonly rounds: number;
  /** Milliseconds of a round, where the case does not say. */
  readonly roundMs: number;
}

/** Six rounds are the fewest that can tell a difference with 95 % confidence; with nine, one outlier on each side is no matter. */
export const DURATIONS: Readonly<Record<Effort, Duration>> = {
  quick: { rounds: 6, roundMs: 60 },
  default: { rounds: 9, roundMs: 200 },
  full: { rounds: 12, roundMs: 1_000 },
};

/** A scenario with what is to be measured of it. */
export interface Planned {
  readonly scenario: Scenario;
  readonly cases: readonly Case[];
}

/** What a process takes from its start until it can be measured. */
const START_MS = 600;

/** How long a case's rounds are: as an option says, as the case says, or as the effort does, in this order. */
export function roundMsOf(one: Case, effort: Effort, wanted: Partial<Duration> = {}): number {
  return wanted.roundMs ?? one.roundMs ?? DURATIONS[effort].roundMs;
}

/** About how many milliseconds a plan takes. Rounds in which slow candidates have to answer many callers take longer. */
export function estimateMs(plan: readonly Planned[], effort: Effort, wanted: Partial<Duration> = {}): number {
  const rounds = 1 + (wanted.rounds ?? DURATIONS[effort].rounds);
  let total = 0;
  for (const { cases } of plan) {
    total += START_MS * new Set(cases.flatMap(({ candidates }) => candidates)).size;
    for (const one of cases) total += rounds * one.candidates.length * roundMsOf(one, effort, wanted);
  }
  return total;
}

/** A look is over within a minute, where it can be. */
const A_LOOK_MS = 60_000;

/** When a run ends at the latest, in milliseconds after its start: on a slower machine it measures fewer rounds. */
export function limitMs(estimate: number, effort: Effort): number {
  if (effort === 'quick' && estimate <= A_LOOK_MS) return A_LOOK_MS;
  return Math.max(A_LOOK_MS, 2 * estimate);
}

/** A plan in a sentence or two, for whoever waits. */
export function describePlan(cases: number, milliseconds: number, limit: number): string {
  return `${cases} cases, about ${spoken(milliseconds)}, at most ${spoken(limit)}: then it has measured fewer rounds. Nothing else should run meanwhile.`;
}

function spoken(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 100 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
