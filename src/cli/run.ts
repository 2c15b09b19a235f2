import { Buffer, isUtf8 } from 'node:buffer';
import { addAbortSignal } from 'node:stream';
import { Command } from 'commander';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import { PluginError, type WireError } from '../errors.ts';
import { type ExitStatus, explain, Failure, fileFailure } from './failure.ts';
import { type Interrupt, interruptible } from './interrupt.ts';
import { configOption, importOption, readSandbox, requestOption, sandboxOption } from './options.ts';
import { print, printJson, say } from './output.ts';
import { printable } from './printable.ts';
import { pluginName, withPlugin } from './session.ts';

interface RunOptions {
  readonly input?: string;
  readonly option: RequestOptions;
  readonly config: RequestOptions;
  readonly import: RequestOptions;
  readonly sandbox: string;
  readonly json?: true;
  readonly quiet?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool run redact.wasm --input 'mail ada@example.org'
  $ wasm-plugin-pool run redact.wasm --input - < letter.txt > redacted.txt
  $ wasm-plugin-pool run csv-to-json.wasm --input $'a,b\\n1,2' --option delimiter=, --json`;

/** `run`: one request. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run one request through a plugin and print what it answers.')
    .argument('<plugin>', 'the path of a component')
    .option('--input <text>', 'the input; - reads it from standard input')
    .addOption(requestOption('option of the request; may be repeated'))
    .addOption(configOption())
    .addOption(sandboxOption())
    .addOption(importOption())
    .option('--json', 'print the whole answer as JSON')
    .option('--quiet', 'leave out what the plugin logs')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, options: RunOptions) => {
      process.exitCode = await interruptible((interrupt) => run(plugin, options, interrupt));
    });
}

/** The same as for a line of `batch`. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

export type Outcome = ({ readonly ok: true } & PluginResponse) | { readonly ok: false; readonly error: WireError };

async function run(source: string, options: RunOptions, interrupt: Interrupt): Promise<ExitStatus> {
  const given = options.input;
  // Not commander's required option: that would hide that another option is misspelt.
  if (given === undefined) throw new Failure(2, '`--input` is missing: give it a text, or - for standard input.');
  const sandbox = await readSandbox(options.sandbox);
  const { config, import: imports } = options;
  const session = { source, name: pluginName(source), sandbox, config, imports, engine: { threads: 1 } };
  const { signal } = interrupt;
  const outcome = await withPlugin({ ...session, quiet: options.quiet ?? false, signal }, async (engine, { name }) => {
    const input = given === '-' ? await readInput(signal) : given;
    return engine.process(name, { input, options: options.option }, { signal }).then(
      (response): Outcome => ({ ok: true, ...response }),
      (error: PluginError): Outcome => ({ ok: false, error: error.toJSON() }),
    );
  }).catch(async (error: unknown) => {
    if (interrupt.status !== undefined) throw interrupted(interrupt.status);
    if (options.json && error instanceof Failure && error.cause instanceof PluginError) {
      await printJson({ ok: false, error: error.cause.toJSON() });
    }
    throw error;
  });
  if (interrupt.status !== undefined) throw interrupted(interrupt.status);
  if (options.json) await printJson(outcome);
  else if (outcome.ok) await print(display(outcome.output));
  if (!outcome.ok) throw new Failure(1, explain(outcome.error), undefined, outcome.error.backtrace);
  if (outcome.success) return 0;
  say(`error: The plugin refused the request${outcome.errorMessage ? `: ${outcome.errorMessage}` : ''}`);
  return 1;
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
