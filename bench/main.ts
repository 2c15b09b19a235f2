import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { compareReports, comparisonMarkdown } from '../src/bench/compare.ts';
import { versions } from '../src/bench/environment.ts';
import { toHtml } from '../src/bench/html.ts';
import { toMarkdown } from '../src/bench/markdown.ts';
import { describePlan } from '../src/bench/plan.ts';
import type { Report } from '../src/bench/report.ts';
import { runBenchmarks } from '../src/bench/run.ts';
import type { Effort } from '../src/bench/scenario.ts';
import { formatReport, parseReport, REPORT_SCHEMA } from '../src/bench/schema.ts';
import { CANDIDATES, candidatePackages, unavailableCandidates } from './candidates.ts';
import { SCENARIOS } from './scenarios.ts';
import { rot13, withRot13Component } from './work/rot13.ts';

const INPUT = 'sixteen bytes ok';

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
  scenario: { type: 'string', multiple: true },
  candidate: { type: 'string', multiple: true },
  compare: { type: 'string' },
  with: { type: 'string' },
  json: { type: 'string' },
  report: { type: 'string' },
  markdown: { type: 'string' },
  rounds: { type: 'string' },
  'round-ms': { type: 'string' },
  schema: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const USAGE = `
npm run bench -- [OPTION]…

  --quick              a look, in less than a minute
  --full               the whole matrix; about an hour
  --scenario NAME      only this one; may be repeated
  --candidate NAME     only this one; may be repeated
  --json FILE          writes the report as JSON
  --report FILE.html   writes it as one page with plots, which needs no network
  --markdown FILE      writes it as Markdown instead of printing it
  --compare OLD.json   shows what has changed since that report, and how sure that is
  --with NEW.json      compares that report with it, and measures nothing
  --rounds N           rounds of each case
  --round-ms N         milliseconds of each round
  --schema             prints the JSON Schema of a report

Scenarios:
${SCENARIOS.map(({ name, question }) => `  ${name.padEnd(21)}${question}`).join('\n')}

Candidates:
${Object.keys(CANDIDATES)
  .map((name) => `  ${name}`)
  .join('\n')}
`;

const values = readOptions();

/** What the command line says. */
function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

if (values.help) process.stdout.write(USAGE);
else if (values.schema) process.stdout.write(`${JSON.stringify(REPORT_SCHEMA, undefined, 2)}\n`);
else {
  // Read first: a typing error is not to show after ten minutes.
  const before = values.compare === undefined ? undefined : await readReport(values.compare);
  if (values.with !== undefined && before === undefined) fail('`--with` needs `--compare`');
  const after = values.with === undefined ? await bench(before) : await readReport(values.with);
  if (before !== undefined) process.stdout.write(`\n${comparisonMarkdown(compareReports(before, after))}`);
}

async function readReport(path: string): Promise<Report> {
  try {
    return parseReport(await readFile(path, 'utf8'));
  } catch (error) {
    return fail(`Cannot use \`${path}\`: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @param before An older report, which is drawn under the curves of this one. */
async function bench(before: Report | undefined): Promise<Report> {
  const effort: Effort = values.quick ? 'quick' : values.full ? 'full' : 'default';
  const rounds = whole('rounds');
  const roundMs = whole('round-ms');
  const candidates = Object.fromEntries(pick('candidate', Object.entries(CANDIDATES), ([name]) => name));
  const unavailable = [...unavailableCandidates()].filter(([name]) => Object.hasOwn(candidates, name));
  const measure = (component: string): Promise<Report> =>
    runBenchmarks({
      scenarios: pick('scenario', SCENARIOS, ({ name }) => name),
      effort,
      duration: { ...(rounds && { rounds }), ...(roundMs && { roundMs }) },
      setting: {
        component,
        request: { input: INPUT, options: [] },
        answer: rot13(INPUT),
        config: {},
        sandbox: 'restricted',
        threads: availableParallelism(),
        candidates,
      },
      unavailable: new Map(unavailable),
      versions: versions(candidatePackages()),
      onPlan: (cases, milliseconds, limit) => console.error(describePlan(cases, milliseconds, limit)),
      onBusy: (warning) => console.error(`Warning: ${warning}`),
      onCase: (scenario, { name }, place, total) => console.error(`${place}/${total} ${scenario.name}: ${name}`),
    });
  const report = await withRot13Component(measure);
  if (values.json !== undefined) await writeFile(values.json, formatReport(report));
  if (values.report !== undefined) await writeFile(values.report, toHtml(report, before));
  const markdown = toMarkdown(report);
  if (values.markdown === undefined) process.stdout.write(markdown);
  else await writeFile(values.markdown, markdown);
  return report;
}

/** Those that an option names, or all. */
function pick<Value>(option: 'scenario' | 'candidate', all: readonly Value[], name: (value: Value) => string): Value[] {
  const wanted = values[option];
  const unknown = wanted?.find((one) => !all.some((value) => name(value) === one));
  if (unknown !== undefined) fail(`There is no ${option} \`${unknown}\`: ${all.map(name).join('; ')}`);
  return all.filter((value) => wanted === undefined || wanted.includes(name(value)));
}

function whole(option: 'rounds' | 'round-ms'): number | undefined {
  const value = values[option] === undefined ? undefined : Number(values[option]);
  if (value !== undefined && !(Number.isSafeInteger(value) && value > 0))
    fail(`Expected --${option} to be a whole number from 1, got \`${values[option]}\``);
  return value;
}

function fail(message: string): never {
  console.error(message.endsWith('.') ? message : `${message}.`);
  process.exit(2);
}
