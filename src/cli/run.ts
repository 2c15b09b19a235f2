import { Buffer, isUtf8 } from 'node:buffer';
import { addAbortSignal } from 'node:stream';
import { Command } from 'commander';
import { hasRole } from '../contract/standard.ts';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import { PluginError, type WireError } from '../errors.ts';
import { readComponent } from './component.ts';
import { type ExitStatus, explain, Failure, fileFailure } from './failure.ts';
import { type Interrupt, interruptible } from './interrupt.ts';
import {
  configOption,
  importOption,
  pairs,
  readSandbox,
  readVerify,
  recordOption,
  repeated,
  requestOption,
  sandboxOption,
  verifyKeyOption,
} from './options.ts';
import { print, printJson, say } from './output.ts';
import { printable } from './printable.ts';
import { runProgram } from './run-program.ts';
import { pluginName, withPlugin } from './session.ts';

interface RunOptions {
  readonly input?: string;
  readonly args: readonly string[];
  readonly env: RequestOptions;
  readonly option: RequestOptions;
  readonly config: RequestOptions;
  readonly import: RequestOptions;
  readonly sandbox: string;
  readonly verifyKey: readonly string[];
  readonly record?: string;
  readonly json?: true;
  readonly quiet?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool run redact.wasm --input 'mail ada@example.org'
  $ wasm-plugin-pool run redact.wasm --input - < letter.txt > redacted.txt
  $ wasm-plugin-pool run csv-to-json.wasm --input $'a,b\\n1,2' --option delimiter=, --json
  $ wasm-plugin-pool run tool.wasm --env LANG=en -- --count 3 < in.txt > out.txt

A component that exports wasi:cli/run and is no plugin is a command: it has the arguments behind --, standard input (or the text of
--input), standard output and standard error, and its exit status is that of run.`;

/** `run`: one request, or one run of a command. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run one request through a plugin and print what it answers, or run a command.')
    .argument('<plugin>', 'the path of a component')
    .argument('[args...]', 'the arguments of a command (wasi:cli/run), behind --')
    .option('--input <text>', 'the input; - reads it from standard input')
    .addOption(repeated('--args <argument>', 'an argument of a command, before those behind --; may be repeated'))
    .addOption(pairs('--env <key=value>', 'an environment variable of a command; may be repeated'))
    .addOption(requestOption('option of the request; may be repeated'))
    .addOption(configOption())
    .addOption(sandboxOption())
    .addOption(importOption())
    .addOption(verifyKeyOption())
    .addOption(recordOption())
    .option('--json', 'print the whole answer as JSON')
    .option('--quiet', 'leave out what the plugin logs')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, args: readonly string[], options: RunOptions) => {
      const all = { ...options, args: [...options.args, ...args] };
      process.exitCode = await interruptible((interrupt) => run(plugin, all, interrupt));
    });
}

/** The same as for a line of `batch`. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

export type Outcome = ({ readonly ok: true } & PluginResponse) | { readonly ok: false; readonly error: WireError };

/** @returns The exit status, of a command its own. */
async function run(source: string, options: RunOptions, interrupt: Interrupt): Promise<number> {
  const given = options.input;
  // Not commander's required option: that would hide that another option is misspelt. Before anything of a plugin runs.
  if (given === undefined && !(await isStandard(source))) throw inputMissing();
  const sandbox = await readSandbox(options.sandbox);
  const { config, import: imports } = options;
  const verify = await readVerify(options.verifyKey);
  const engine = { threads: 1, ...(verify && { verify }) };
  const session = { source, name: pluginName(source), sandbox, config, imports, engine, record: options.record };
  const { signal } = interrupt;
  const outcome = await withPlugin(
    { ...session, quiet: options.quiet ?? false, signal },
    async (engine, { name, world }) => {
      if (world === 'none') return runProgram(engine, name, options, signal);
      if (options.args.length > 0 || options.env.length > 0) throw notForPlugins();
      if (given === undefined) throw inputMissing();
      const input = given === '-' ? await readInput(signal) : given;
      return engine.process(name, { input, options: options.option }, { signal }).then(
        (response): Outcome => ({ ok: true, ...response }),
        (error: PluginError): Outcome => ({ ok: false, error: error.toJSON() }),
      );
    },
  ).catch(async (error: unknown) => {
    if (interrupt.status !== undefined) throw interrupted(interrupt.status);
    if (options.json && error instanceof Failure && error.cause instanceof PluginError) {
      await printJson({ ok: false, error: error.cause.toJSON() });
    }
    throw error;
  });
  if (interrupt.status !== undefined) throw interrupted(interrupt.status);
  if (typeof outcome === 'number') return outcome;
  if (options.json) await printJson(outcome);
  else if (outcome.ok) await print(display(outcome.output));
  if (!outcome.ok) throw new Failure(1, explain(outcome.error), undefined, outcome.error.backtrace);
  if (outcome.success) return 0;
  say(`error: The plugin refused the request${outcome.errorMessage ? `: ${outcome.errorMessage}` : ''}`);
  return 1;
}

function inputMissing(): Failure {
  return new Failure(2, '`--input` is missing: give it a text, or - for standard input.');
}

function notForPlugins(): Failure {
  const message =
    'Arguments and `--env` are for commands, and this is a plugin. It takes `--input`, `--option` and `--config`.';
  return new Failure(2, message);
}

/** Whether a component is a command or a server, which have no input as plugins do. */
async function isStandard(source: string): Promise<boolean> {
  const { exports } = (await readComponent(source)).analysis;
  return hasRole(exports, 'command') || hasRole(exports, 'http');
}

function interrupted(status: ExitStatus): Failure {
  return new Failure(status, 'Interrupted.');
}

/**
 * All of standard input, as text.
 *
 * @param signal Ends the waiting for it with an error: at a terminal it may never end by itself.
 */
async function readInput(signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of addAbortSignal(signal, process.stdin)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_INPUT_BYTES)
        throw new Failure(2, `Standard input has more than ${MAX_INPUT_BYTES} bytes. Give the plugin less at a time.`);
    }
  } catch (error) {
    throw error instanceof Failure ? error : fileFailure('read', 'standard input', error);
  }
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) throw new Failure(2, 'Standard input is not UTF-8. An input is a text.');
  return bytes.toString('utf8');
}

/** Byte for byte into a file or pipe; a terminal is not to obey what a plugin writes. */
function display(output: string): string {
  if (output === '') return '';
  const shown = process.stdout.isTTY ? printable(output) : output;
  return shown.endsWith('\n') ? shown : `${shown}\n`;
}
