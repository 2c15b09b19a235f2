import { analyzeComponent } from '../component/analyze.ts';
import { capComponent } from '../component/cap.ts';
import type { Feature } from '../component/features.ts';
import { assertPlainNames } from '../component/names.ts';
import { parseComponent } from '../component/parse.ts';
import { matchContract } from '../contract/match.ts';
import { PluginError } from '../errors.ts';
import type { CompiledComponent } from './artifact.ts';
import { summarise } from './summary.ts';
import { transpile } from './transpile.ts';

/** What of a policy changes the artifact. */
export interface CompileOptions {
  /** Bytes of linear memory and tables, over all core instances; see `Policy`. */
  readonly maxMemoryBytes: number;
}

/**
 * Checks a component and generates what it takes to instantiate it. Blocks the thread for as long as it takes, and
 * that is the component's choice: so it runs in the compile worker.
 *
 * @throws {PluginError} with the code that says why the component is refused.
 * @throws {ToolPanic} when the tools failed and this thread must not use them again.
 */
export async function compileComponent(bytes: Uint8Array, options: CompileOptions): Promise<CompiledComponent> {
  const component = parseComponent(bytes);
  // Before jco sees them: it pastes names into the JavaScript that it generates.
  assertPlainNames(component);
  const analysis = analyzeComponent(component);
  const contract = matchContract(analysis);
  assertSynchronous(analysis.features);
  const { glue, modules } = await transpile(capComponent(bytes, component, analysis, options));
  return { contract, summary: summarise(bytes, analysis, options.maxMemoryBytes), glue, modules };
}

/** Everything that returns later than at the end of the call, or of which the component model is not sure yet. */
const ASYNCHRONOUS: readonly Feature[] = ['async', 'error-context', 'future', 'stream', 'threads', 'values'];

/** The glue would link such a component and fail when it is called, or wait for ever. */
function assertSynchronous(features: readonly Feature[]): void {
  const used = features.filter((feature) => ASYNCHRONOUS.includes(feature));
  if (used.length === 0) return;
  throw new PluginError('ERR_INVALID_COMPONENT', `The component uses what the host cannot run: ${used.join(', ')}`, {
    hint: 'Build it for WASI 0.2 (`wasm32-wasip2`), with functions that are done when they return.',
  });
}
