import { Command } from 'commander';
import type { RequestOptions } from '../contract/values.ts';
import type { ProcessRequest } from '../request/request.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { readComponent } from './component.ts';
import type { Finding } from './conformance/finding.ts';
import { runConformance } from './conformance/suite.ts';
import { Failure } from './failure.ts';
import { configOption, countOption, importOption, readSandbox, requestOption, sandboxOption } from './options.ts';
import { paint, print, printJson } from './output.ts';

interface ConformanceOptions {
  readonly input: readonly string[];
  readonly option: RequestOptions;
  readonly config: RequestOptions;
  readonly import: RequestOptions;
  readonly sandbox: string;
  readonly calls?: number;
  readonly stateful?: true;
  readonly unstable?: true;
  readonly world?: string;
  readonly wit?: string;
  readonly json?: true;
}

/** What `conformance --json` prints. */
export interface Report {
  readonly file: string;
  readonly sha256: string;
  readonly sandbox: string;
  readonly conforms: boolean;
  readonly findings: readonly Finding[];
}

const DEFAULT_CALLS = 100_000;
const DEFAULT_INPUTS = ['Hello, World!', 'a,b\n1,2\n', '{"a": 1}'];

/** More cases than this of one check nobody reads. */
const SHOWN_DETAILS = 8;

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool conformance slug.wasm
  $ wasm-plugin-pool conformance redact.wasm --input 'Write to ada@example.org' --calls 10000 --json
  $ wasm-plugin-pool conformance shop.wasm --world acme:app/plugin --wit ./wit --import acme:store/kv=./kv.ts

Exit status: 0 it conforms, 1 a check failed, 2 wrong usage or no component.`;

const MARKS = {
  passed: ['green', '✓'],
  failed: ['red', '✗'],
  warned: ['yellow', '!'],
  skipped: ['dim', '-'],
} as const satisfies Record<Finding['status'], readonly [Parameters<typeof paint>[0], string]>;

/** `conformance`: whether a plugin behaves, for its author. */
export function conformanceCommand(): Command {
  return new Command('conformance')
    .description('Put a plugin through the tests that every plugin should pass, and say what to mend.')
    .argument('<plugin>', 'the path of a component')
    .option(
      '--input <text>',
      'an input that it can answer; may be repeated',
      (text: string, before: readonly string[]) => [...before, text],
      [],
    )
    .addOption(requestOption('option of every sample; may be repeated'))
    .addOption(configOption())
    .addOption(sandboxOption())
    .addOption(importOption())
    .addOption(
      countOption('--calls <n>', `requests that its memory is watched over (default: ${DEFAULT_CALLS})`, {
        min: 4,
        max: 1_000_000_000,
      }),
    )
    .option('--stateful', 'it claims to keep state between requests')
    .option('--unstable', 'it does not claim equal answers to equal requests')
    .option('--world <name>', 'a world of your own that it is for, such as acme:app/plugin; needs --wit')
    .option('--wit <path>', 'where its WIT is: a directory, a file or a package')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, options: ConformanceOptions) => {
      process.exitCode = await conformance(plugin, options);
    });
}

async function conformance(file: string, options: ConformanceOptions): Promise<0 | 1> {
  const { json, input, option, config, import: imports, calls = DEFAULT_CALLS, world, wit } = options;
  if ((world === undefined) !== (wit === undefined)) {
    throw new Failure(2, '`--world` and `--wit` come together: a world, and the WIT that has it.');
  }
  const sandbox = await readSandbox(options.sandbox);
  const { bytes, sha256, analysis } = await readComponent(file);
  const inputs = input.length > 0 ? input : DEFAULT_INPUTS;
  const samples = inputs.map((text): ProcessRequest => ({ input: text, options: option }));
  const disclaims = new Set<'stable-output' | 'no-state'>();
  if (options.unstable) disclaims.add('stable-output');
  if (options.stateful) disclaims.add('no-state');
  const own = world !== undefined && wit !== undefined && { own: { world, wit } };
  const subject = { ...own, bytes, analysis, sandbox, config, imports, samples, calls, disclaims };
  const findings = await runConformance(subject, (finding) => (json ? undefined : print(describeFinding(finding))));
  const conforms = findings.every(({ status }) => status !== 'failed');
  if (json) {
    const report: Report = { file, sha256, sandbox: options.sandbox, conforms, findings };
    await printJson(report);
  } else {
    await print(`\n${cleanLogLine(file)} ${conforms ? 'conforms' : 'does not conform'}: ${tally(findings)}\n`);
  }
  return conforms ? 0 : 1;
}

function describeFinding({ check, status, summary, details = [], hint }: Finding): string {
  const [colour, mark] = MARKS[status];
  const lines = [`${paint(colour, mark)} ${check.padEnd('stable-output'.length)}  ${cleanLogLine(summary)}`];
  for (const detail of details.slice(0, SHOWN_DETAILS)) lines.push(`    ${cleanLogLine(detail)}`);
  if (details.length > SHOWN_DETAILS) lines.push(`    and ${details.length - SHOWN_DETAILS} more`);
  if (hint !== undefined) lines.push(`    ${paint('dim', '→')} ${cleanLogLine(hint)}`);
  return `${lines.join('\n')}\n`;
}

function tally(findings: readonly Finding[]): string {
  const statuses = Object.keys(MARKS) as Finding['status'][];
  return statuses
    .map((status) => [findings.filter((finding) => finding.status === status).length, status] as const)
    .filter(([number]) => number > 0)
    .map(([number, status]) => `${number} ${status}`)
    .join(', ');
}
