import { describe, PluginError } from '../errors.ts';
import { $init, generate } from '../jco/bindgen.ts';
import { isError } from '../text/is-error.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { CoreModuleBytes } from './artifact.ts';

/** The generated JavaScript, and the core modules that it asks for. */
export interface Transpiled {
  readonly glue: string;
  readonly modules: readonly CoreModuleBytes[];
}

/** The tools panicked: they are of no more use in this thread. */
export class ToolPanic extends Error {
  override readonly name: string = 'ToolPanic';
}

/**
 * jco's bindings generator, without the parts of the package (binaryen, a minifier, shims) that it does not need.
 * It also validates the component, with wasmparser.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` or `ERR_LINK` for what the validator refuses.
 * @throws {ToolPanic}
 */
export async function transpile(component: Uint8Array): Promise<Transpiled> {
  await $init;
  const { files } = bindgen(component);
  let glue: string | undefined;
  const modules: CoreModuleBytes[] = [];
  for (const [name, content] of files) {
    if (name.endsWith('.js')) glue = new TextDecoder().decode(content);
    else if (name.endsWith('.wasm')) modules.push({ name, bytes: new Uint8Array(content) });
  }
  if (glue === undefined) throw new ToolPanic('jco generated no JavaScript');
  return { glue, modules };
}

function bindgen(component: Uint8Array): ReturnType<typeof generate> {
  try {
    return generate(component, {
      name: 'plugin',
      instantiation: { tag: 'sync' },
      // With the default, a WIT `err` cannot be told from a trap.
      noComponentErrorWrapping: false,
      noTypescript: true,
      noNodejsCompat: true,
      // Checks alignment and ranges of what a guest returns.
      validLiftingOptimization: false,
    });
  } catch (error) {
    const report = refusal(error);
    if (report === undefined) throw new ToolPanic(`jco failed: ${describe(error)}`, { cause: error });
    const fits = !UNFIT.test(report);
    throw fits
      ? new PluginError('ERR_INVALID_COMPONENT', `The component is not valid: ${report}`, {
          hint: 'Validate it with `wasm-tools validate`, and build it again with current tools.',
        })
      : new PluginError('ERR_LINK', `The parts of the component do not fit together: ${report}`, {
          hint: 'Compose it again from parts that were built against the same interfaces.',
        });
  }
}

/** How wasmparser reports that an argument of an instantiation is missing or of another type. */
const UNFIT = /\binstantiation argument\b|^missing import named\b|^type mismatch for (import|export)\b/;

/** What the tools say about a component that they refuse, on one line; undefined when they failed otherwise. */
function refusal(error: unknown): string | undefined {
  if (!isError(error) || !Object.hasOwn(error, 'payload')) return undefined;
  const { payload } = error as { payload?: unknown };
  // An outer context, "Caused by:", and the cause in the lines below.
  const lines = String(payload)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== 'Caused by:');
  const report = cleanLogLine(lines.slice(lines.length > 1 ? 1 : 0).join(': '));
  return report.length > MAX_REPORT ? `${report.slice(0, MAX_REPORT)}…` : report;
}

const MAX_REPORT = 300;
