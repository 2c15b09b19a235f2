import { Command } from 'commander';
import { standardWorld } from '../contract/standard.ts';
import type { RequestOptions } from '../contract/values.ts';
import { PluginError, type WireError } from '../errors.ts';
import { missingDirectories } from '../host/policy/missing-directories.ts';
import { resolvePolicy, type Sandbox } from '../host/policy/policy.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { type ComponentFile, readComponent } from './component.ts';
import { denials } from './denials.ts';
import { type ExitStatus, Failure } from './failure.ts';
import { findMismatches } from './mismatches.ts';
import { configOption, importOption, readSandbox, sandboxOption } from './options.ts';
import { paint, print, printJson } from './output.ts';
import { pluginName, withPlugin } from './session.ts';

interface CheckOptions {
  readonly config: RequestOptions;
  readonly import: RequestOptions;
  readonly sandbox: string;
  readonly world?: string;
  readonly wit?: string;
  readonly strict?: true;
  readonly json?: true;
}

/** What `check --json` prints. */
export interface Report {
  readonly file: string;
  readonly sandbox: string;
  readonly usable: boolean;
  readonly sha256: string | undefined;
  readonly world: string | undefined;
  /** Why it is not usable. */
  readonly problems: readonly WireError[];
  /** What it may ask for at run time and will be denied. */
  readonly denials: readonly string[];
  /** What is probably not as it was meant to be. */
  readonly warnings: readonly string[];
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool check redact.wasm
  $ wasm-plugin-pool check redact.wasm --sandbox policy.json --config mask='*' --json
  $ wasm-plugin-pool check shop.wasm --world acme:app/plugin --wit ./wit --import acme:store/kv=./kv.ts`;

/** `check`: whether a plugin would load, and everything that speaks against it. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Tell whether a plugin fits the contract and a policy, and everything that does not.')
    .argument('<plugin>', 'the path of a component')
    .addOption(sandboxOption())
    .addOption(importOption())
    .addOption(configOption())
    .option('--world <name>', 'a world of your own that it has to implement, such as acme:app/plugin; needs --wit')
    .option('--wit <path>', 'where its WIT is: a directory, a file or a package')
    .option('--strict', 'refuse what imports more of WASI than the policy grants')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, options: CheckOptions) => {
      process.exitCode = await check(plugin, options);
    });
}

async function check(path: string, options: CheckOptions): Promise<ExitStatus> {
  const sandbox = await readSandbox(options.sandbox);
  const report = await examine(path, options, sandbox);
  await (options.json ? printJson(report) : print(describeReport(report, options.strict ?? false)));
  return report.usable ? 0 : 2;
}

async function examine(path: string, options: CheckOptions, sandbox: Sandbox): Promise<Report> {
  if ((options.world === undefined) !== (options.wit === undefined)) {
    throw new Failure(2, '`--world` and `--wit` come together: a world, and the WIT that has it.');
  }
  const verdict = {
    file: path,
    sandbox: options.sandbox,
    sha256: undefined,
    world: undefined,
    denials: [],
    warnings: [],
  };
  const policy = resolvePolicy(sandbox);
  let component: ComponentFile;
  try {
    component = await readComponent(path);
  } catch (error) {
    return { ...verdict, usable: false, problems: [toProblem(error)] };
  }
  const { bytes, sha256, analysis } = component;
  const imports = analysis.imports.map(({ name }) => name);
  const warnings = await missingDirectories(policy, imports);
  const read = { ...verdict, sha256, denials: denials(analysis, policy), warnings };
  const { world: own, wit } = options;
  const problems = own === undefined ? findMismatches(analysis, policy.maxMemoryBytes) : [];
  if (options.strict) problems.push(...read.denials.map(capabilityDenied));
  if (problems.length > 0) return { ...read, usable: false, problems: problems.map((problem) => problem.toJSON()) };
  // The rest shows when it is loaded: a pinned hash, parts that do not link, a start that fails.
  const session = {
    source: bytes,
    name: pluginName(path),
    sandbox,
    config: options.config,
    imports: options.import,
    engine: { threads: 1 },
    ...(own !== undefined && { world: own }),
    ...(wit !== undefined && { wit }),
    warn: false,
  };
  try {
    const world = await withPlugin(session, async (_engine, info) => info.ownWorld ?? info.world);
    const standard = world === 'none' ? standardWorld(analysis.exports) : undefined;
    return { ...read, usable: true, world: standard ?? world, problems: [] };
  } catch (error) {
    return { ...read, usable: false, problems: [toProblem(error)] };
  }
}

function capabilityDenied(denial: string): PluginError {
  return new PluginError('ERR_CAPABILITY_DENIED', denial, {
    hint: 'Grant it in the policy, or build the plugin without that import.',
  });
}

/** What cannot be read, parsed or loaded is a finding; wrong usage and bugs end the command. */
function toProblem(error: unknown): WireError {
  const cause = error instanceof Failure ? error.cause : undefined;
  if (cause instanceof PluginError && cause.code !== 'ERR_INVALID_ARGUMENT') return cause.toJSON();
  throw error;
}

function describeReport(
  { file, sandbox, usable, world, problems, denials, warnings }: Report,
  strict: boolean,
): string {
  const lines = usable
    ? [
        `${paint('green', '✓')} ${cleanLogLine(file)} implements ${world} and loads under the policy ${cleanLogLine(sandbox)}`,
      ]
    : [`${paint('red', '✗')} ${cleanLogLine(file)} cannot be used under the policy ${cleanLogLine(sandbox)}`];
  for (const { code, message, hint } of problems) {
    lines.push('', `${paint('red', code)}  ${cleanLogLine(message)}`);
    if (hint !== undefined) lines.push(`  ${paint('dim', '→')} ${cleanLogLine(hint)}`);
  }
  // Under --strict they are among the problems.
  const remarks = [...(strict ? [] : denials), ...warnings];
  if (remarks.length > 0) lines.push('', ...remarks.map((remark) => `${paint('yellow', '!')} ${cleanLogLine(remark)}`));
  return `${lines.join('\n')}\n`;
}
