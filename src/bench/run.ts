import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isError } from '../text/is-error.ts';
import { busyWarning } from './busy.ts';
import { Contestant } from './contestant.ts';
import { calibrate, loadAverage, machine } from './environment.ts';
import { DURATIONS, type Duration, estimateMs, limitMs, roundMsOf } from './plan.ts';
import { type CaseReport, type MetricReport, REPORT_FORMAT, type Report, type Skipped } from './report.ts';
import type { Case, Effort, Round, Scenario, Setting } from './scenario.ts';
import { randomNumbers, shuffled } from './statistics.ts';
import { latencies, summarize } from './summary.ts';

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly setting: Setting;
  readonly effort: Effort;
  /** @default that of the effort */
  readonly duration?: Partial<Duration>;
  /** Candidates that are not measured, by name, with the reason. */
  readonly unavailable?: ReadonlyMap<string, string>;
  readonly versions: Readonly<Record<string, string>>;
  /** Told at the start: how many cases there are, and how many milliseconds they take, about and at most. */
  readonly onPlan?: (cases: number, milliseconds: number, limit: number) => void;
  /** Told at the start if the machine is at work with other things: what that means, in a sentence. */
  readonly onBusy?: (warning: string) => void;
  /** Told before each case. */
  readonly onCase?: (scenario: Scenario, one: Case, place: number, total: number) => void;
}

/** Measures everything, one case after the other. Nothing else should run meanwhile. */
export async function runBenchmarks(options: RunOptions): Promise<Report> {
  const { scenarios, setting, effort, unavailable = new Map() } = options;
  const startedAt = new Date();
  const before = loadAverage();
  const run = new Run(options);
  const names = Object.keys(setting.candidates).filter((name) => !unavailable.has(name));
  const plan = scenarios.map((scenario) => ({ scenario, cases: scenario.cases(effort, names) }));
  const total = plan.reduce((sum, { cases }) => sum + cases.length, 0);
  const estimate = estimateMs(plan, effort, options.duration);
  const limit = limitMs(estimate, effort);
  options.onPlan?.(total, estimate, limit);
  const warning = busyWarning({ machine: machine(), load: { before, after: before, calibration: [] } });
  if (warning !== undefined) options.onBusy?.(warning);
  for (const [candidate, reason] of unavailable) run.skipped.push({ scenario: '*', candidate, reason });
  let planned = 0;
  for (const one of plan) {
    // Each scenario may be late by as much of the limit as was planned until its end.
    const from = planned;
    planned += estimateMs([one], effort, options.duration);
    const at = (share: number): number => startedAt.getTime() + (limit * (from + share * (planned - from))) / estimate;
    await run.scenario(one.scenario, one.cases, total, at);
  }
  const bytes = await readFile(setting.component);
  return {
    format: REPORT_FORMAT,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    effort,
    machine: machine(),
    versions: options.versions,
    load: { before, after: loadAverage(), calibration: run.calibration },
    subject: {
      // Not the path: a report is passed on.
      file: basename(setting.component),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    },
    threads: setting.threads,
    questions: Object.fromEntries(scenarios.map(({ name, question }) => [name, question])),
    cases: run.cases,
    skipped: run.skipped,
  };
}

class Run {
  readonly calibration: number[] = [];
  readonly cases: CaseReport[] = [];
  readonly skipped: Skipped[] = [];
  readonly #options: RunOptions;
  readonly #rounds: number;
  /** The order within rounds is random, but the same in every run. */
  readonly #random = randomNumbers(1);

  constructor(options: RunOptions) {
    this.#options = options;
    this.#rounds = options.duration?.rounds ?? DURATIONS[options.effort].rounds;
  }

  /** @param until When such a part of the scenario has to be done, in milliseconds since 1970. */
  async scenario(
    scenario: Scenario,
    cases: readonly Case[],
    total: number,
    until: (share: number) => number,
  ): Promise<void> {
    const contestants = new Map<string, Contestant>();
    try {
      const names = [...new Set(cases.flatMap(({ candidates }) => candidates))];
      // All at once: nothing is measured yet, and they wait for files and other processes.
      await Promise.all(
        names.map((name) =>
          this.#attempt(scenario, contestants, name, async () => {
            contestants.set(name, await Contestant.open(scenario, name, this.#options.setting));
          }),
        ),
      );
      for (const [index, one] of cases.entries()) {
        this.#options.onCase?.(scenario, one, this.cases.length + 1, total);
        this.calibration.push(calibrate());
        this.cases.push(await this.#case(scenario, one, contestants, until((index + 1) / cases.length)));
      }
    } finally {
      await Promise.all([...contestants.values()].map((contestant) => contestant.close()));
    }
  }

  /** Measures round after round; when its time is up, it has at least the first one. */
  async #case(scenario: Scenario, one: Case, contestants: Map<string, Contestant>, until: number): Promise<CaseReport> {
    const { effort, duration } = this.#options;
    const roundMs = roundMsOf(one, effort, duration);
    const rounds = new Map<string, Round[]>();
    for (const name of one.candidates) if (contestants.has(name)) rounds.set(name, []);
    let done = 0;
    for (let round = -1; round < this.#rounds; round++) {
      if (round > 0 && Date.now() >= until) break;
      // Late already: the one round has to do without a warm-up.
      if (round < 0 && Date.now() >= until) continue;
      // In another order each time, so that nobody always comes after the same one.
      for (const name of shuffled([...rounds.keys()], this.#random)) {
        await this.#attempt(scenario, contestants, name, async () => {
          const measured = await contestants.get(name)!.round(one.parameters, roundMs);
          if (round >= 0) rounds.get(name)!.push(measured);
        });
        if (!contestants.has(name)) rounds.delete(name);
      }
      done = round + 1;
    }
    const metrics = scenario.metrics.map((metric) => summarize(metric, rounds));
    return {
      scenario: scenario.name,
      case: one.name,
      parameters: one.parameters,
      rounds: done,
      roundMs,
      metrics: metrics.filter((metric): metric is MetricReport => metric !== undefined),
      latency: latencies(rounds),
    };
  }

  /** Does something with a candidate; when it fails, the candidate is out of the scenario, and the report says why. */
  async #attempt(
    { name: scenario }: Scenario,
    contestants: Map<string, Contestant>,
    candidate: string,
    step: () => Promise<void>,
  ): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.skipped.push({ scenario, candidate, reason: isError(error) ? error.message : String(error) });
      contestants.get(candidate)?.kill();
      contestants.delete(candidate);
    }
  }
}
