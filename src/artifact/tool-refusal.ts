import { describe, PluginError } from '../errors.ts';
import { isError } from '../text/is-error.ts';
import { cleanLogLine } from '../text/log-line.ts';

/** The tools panicked: they are of no more use in this thread. */
export class ToolPanic extends Error {
  override readonly name: string = 'ToolPanic';
}

/**
 * The error for what a tool threw, which parses and validates components.
 *
 * @param tool Its name, to precede "failed".
 */
export function refusalOfTool(tool: string, error: unknown): PluginError | ToolPanic {
  const report = reportOf(error);
  if (report === undefined) return new ToolPanic(`${tool} failed: ${describe(error)}`, { cause: error });
  return UNFIT.test(report)
    ? new PluginError('ERR_LINK', `The parts of the component do not fit together: ${report}`, {
        hint: 'Compose it again from parts that were built against the same interfaces.',
      })
    : invalidComponent(report);
}

/** @param report What is wrong with it. */
export function invalidComponent(report: string): PluginError {
  return new PluginError('ERR_INVALID_COMPONENT', `The component is not valid: ${report}`, {
    hint: 'Validate it with `wasm-tools validate`, and build it again with current tools.',
  });
}

/** How wasmparser reports that an argument of an instantiation is missing or of another type. */
const UNFIT = /\binstantiation argument\b|^missing import named\b|^type mismatch for (import|export)\b/;

/** What the tools say about a component that they refuse, on one line; undefined when they failed otherwise. */
function reportOf(error: unknown): string | undefined {
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
