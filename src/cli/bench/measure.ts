import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compareReports, comparisonMarkdown } from '../../bench/compare.ts';
import { versions } from '../../bench/environment.ts';
import { toHtml } from '../../bench/html.ts';
import { toMarkdown } from '../../bench/markdown.ts';
import { describePlan } from '../../bench/plan.ts';
import type { Report } from '../../bench/report.ts';
import { runBenchmarks } from '../../bench/run.ts';
import type { Effort, Scenario } from '../../bench/scenario.ts';
import { scenario as instantiate } from '../../bench/scenarios/instantiate.ts';
import { scenario as latency } from '../../bench/scenarios/latency.ts';
import { scenario as memoryPerInstance } from '../../bench/scenarios/memory-per-instance.ts';
import { callersName, scenario as throughput } from '../../bench/scenarios/throughput.ts';
import { formatReport, parseReport } from '../../bench/schema.ts';
import type { RequestOptions } from '../../contract/values.ts';
import { codeFile } from '../../package/root.ts';
import { type ExitStatus, Failure, fileFailure } from '../failure.ts';
import { readSandbox } from '../options.ts';
import { print, say } from '../output.ts';
import { pluginName, withPlugin } from '../session.ts';

/** What `bench` was asked for. */
export interface BenchOptions {
  readonly input: string;
  readonly option: RequestOptions;
  readonly config: RequestOptions;
  readonly sandbox: string;
  readonly import: RequestOptions;
  readonly scenario?: readonly string[];
  readonly effort: Effort;
  readonly threads: number;
  readonly rounds?: number;
  readonly roundMs?: number;
  readonly json?: string;
  readonly report?: string;
  readonly compare?: string;
}

const CALLERS = [1, 64, 1_024];

/** With the input as it is given: a plugin need not take one of another length. */
const SCENARIOS: readonly Scenario[] = [
  {
    ...throughput,
    cases: (_effort, candidates) =>
      CALLERS.map((callers) => ({ name: callersName(callers), parameters: { bytes: 0, callers }, candidates })),
  },
  latency,
  instantiate,
  memoryPerInstance,
];

/** Measures a plugin, and prints the report. */
export async function bench(path: string, options: BenchOptions): Promise<ExitStatus> {
  const sandbox = await readSandbox(options.sandbox);
  const before = options.compare === undefined ? undefined : await readReport(options.compare);
  const { input, option, config, import: imports, threads, effort, rounds, roundMs, scenario: wanted } = options;
  const request = { input, options: option };
  // A plugin that cannot be used is said before minutes are spent on it.
  const session = {
    source: path,
    name: pluginName(path),
    sandbox,
    config,
    imports,
    engine: { threads: 1 },
    quiet: true,
  };
  await withPlugin(session, (engine, { name }) => engine.process(name, request));
  const report = await runBenchmarks({
    scenarios: SCENARIOS.filter(({ name }) => wanted === undefined || wanted.includes(name)),
    effort,
    duration: { ...(rounds !== undefined && { rounds }), ...(roundMs !== undefined && { roundMs }) },
    setting: {
      component: resolve(path),
      request,
      config: Object.fromEntries(config),
      sandbox,
      imports: Object.fromEntries(imports),
      threads,
      candidates: { engine: codeFile('src/bench/candidates/engine').href },
    },
    versions: versions(),
    onPlan: (cases, milliseconds, limit) => say(describePlan(cases, milliseconds, limit)),
    onBusy: (warning) => say(`Warning: ${warning}`),
    onCase: ({ name: scenario }, { name }, place, total) => say(`${place}/${total} ${scenario}: ${name}`),
  });
  if (options.json !== undefined) await writeText(options.json, formatReport(report));
  if (options.report !== undefined) await writeText(options.report, toHtml(report, before));
  await print(toMarkdown(report));
  if (before !== undefined) await print(`\n${comparisonMarkdown(compareReports(before, report))}`);
  return report.skipped.length > 0 ? 1 : 0;
}

async function readReport(path: string): Promise<Report> {
  try {
    return parseReport(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError)
      throw new Failure(2, `\`${path}\`: ${error.message}`);
    throw fileFailure('read', path, error);
  }
}

async function writeText(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw fileFailure('write', path, error, 1);
  }
}
