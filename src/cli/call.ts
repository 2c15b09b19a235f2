import { Command } from 'commander';
import { callableFunctions } from '../artifact/callable-functions.ts';
import { exportedFunctions } from '../component/exported-functions.ts';
import type { RequestOptions } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { exportedFunction } from '../request/exported-function.ts';
import { parseWave } from '../wave/parse.ts';
import { printWave } from '../wave/print.ts';
import { readComponent } from './component.ts';
import { type ExitStatus, explain, Failure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { configOption, importOption, readSandbox, sandboxOption } from './options.ts';
import { print } from './output.ts';
import { printable } from './printable.ts';
import { pluginName, withPlugin } from './session.ts';

interface CallOptions {
  readonly config: RequestOptions;
  readonly import: RequestOptions;
  readonly sandbox: string;
  readonly quiet?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool call math.wasm add 1 2
  $ wasm-plugin-pool call shop.wasm acme:app/pricing#quote '[1.5, 2]' '{currency: "EUR"}'

Values are written in WAVE, as wasmtime's --invoke takes them: 7, "text", [1, 2], {field: 1}, some(1), ok("a"), red. An
argument that is a string may stand without its quotes. inspect shows which functions there are.`;

/** `call`: one call of a function that any component exports. */
export function callCommand(): Command {
  return new Command('call')
    .description('Call a function that a component exports, and print what it returns.')
    .argument('<component>', 'the path of a component; it need not be a plugin')
    .argument('<function>', 'its path, such as acme:app/pricing#quote')
    .argument('[values...]', 'its arguments, in WAVE')
    .addOption(configOption())
    .addOption(sandboxOption())
    .addOption(importOption())
    .option('--quiet', 'leave out what the component logs')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, func: string, values: readonly string[], options: CallOptions) => {
      process.exitCode = await call(path, func, values, options);
    });
}

async function call(path: string, func: string, values: readonly string[], options: CallOptions): Promise<ExitStatus> {
  const sandbox = await readSandbox(options.sandbox);
  const { bytes, analysis } = await readComponent(path);
  const functions = exportedFunctions(analysis.exports);
  const { path: found } = wrongUsage(() => exportedFunction(callableFunctions(analysis.exports).functions, func));
  const { type } = functions.find((candidate) => candidate.path === found)!;
  if (values.length !== type.params.length) {
    const names = type.params.map(({ name }) => name).join(', ') || 'none';
    throw new Failure(2, `Expected ${type.params.length} arguments (${names}), got ${values.length}.`);
  }
  const args = type.params.map(({ name, type: param }, at) =>
    wrongUsage(() => {
      const text = values[at]!;
      return param.kind === 'string' && !text.trimStart().startsWith('"') ? text : parseWave(text, param);
    }, `The argument ${name}`),
  );
  const { config, import: imports, quiet = false } = options;
  return interruptible(async (interrupt) => {
    const { signal } = interrupt;
    const name = pluginName(path);
    const session = {
      source: bytes,
      name,
      sandbox,
      config,
      imports,
      world: 'any',
      quiet,
      signal,
      engine: { threads: 1 },
    } as const;
    const outcome = await withPlugin(session, async (engine) =>
      engine.call(name, found, args, { signal }).then(
        (value: unknown) => ({ value }),
        (error: PluginError) => ({ error }),
      ),
    );
    if (interrupt.status !== undefined) throw new Failure(interrupt.status, 'Interrupted.');
    if ('error' in outcome) {
      const { error } = outcome;
      throw new Failure(1, explain(error.toJSON()), undefined, error.backtrace);
    }
    if (type.result === undefined) return 0;
    const text = printWave(outcome.value, type.result);
    await print(`${process.stdout.isTTY ? printable(text) : text}\n`);
    // A result's err is how the function failed.
    return type.result.kind === 'result' && (outcome.value as { readonly tag: string }).tag === 'err' ? 1 : 0;
  });
}

function wrongUsage<Value>(find: () => Value, what?: string): Value {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    throw new Failure(2, `${what === undefined ? '' : `${what}: `}${explain(error.toJSON())}`);
  }
}
