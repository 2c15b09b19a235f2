import type { Feature } from '../component/features.ts';
import { PluginError } from '../errors.ts';

/** Proposals of which the component model is not sure yet. */
const GATED: readonly Feature[] = ['error-context', 'threads', 'values'];

/**
 * What neither the contract nor WASI 0.2 has a use for. Only jco's glue knows it, which bounds less of what the host
 * does for a plugin than the direct binding: so that an unused definition of it must not choose the glue.
 */
const UNNEEDED: readonly Feature[] = ['map', 'memory64'];

/** What V8 runs and jco does not. */
const UNKNOWN_TO_GLUE: readonly Feature[] = ['exceptions', 'multi-memory'];

/**
 * Refuses a component that neither binding may run.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT`.
 */
export function assertBindable(features: readonly Feature[]): void {
  if (features.includes('legacy-exceptions')) throw legacyExceptions();
  const used = features.filter((feature) => GATED.includes(feature) || UNNEEDED.includes(feature));
  if (used.length === 0) return;
  throw new PluginError('ERR_INVALID_COMPONENT', `The component uses what the host cannot run: ${used.join(', ')}`, {
    hint: 'Build it without proposals of the component model that are not part of it yet.',
  });
}

function legacyExceptions(): PluginError {
  return new PluginError(
    'ERR_INVALID_COMPONENT',
    'The component uses what the host cannot run: legacy-exceptions, which came before those of WebAssembly 3.0',
    {
      hint: 'Build it with the exceptions of WebAssembly 3.0 (with clang: `-fwasm-exceptions -mllvm -wasm-use-legacy-eh=false`).',
    },
  );
}

/** Whether jco's glue, and the validator in it, do not know what a component uses of core WebAssembly. */
export function isUnknownToGlue(features: readonly Feature[]): boolean {
  return features.some((feature) => UNKNOWN_TO_GLUE.includes(feature));
}

/** Whether a component uses what only the direct binding has: jco's glue must not run it. */
export function isAsynchronous(features: readonly Feature[]): boolean {
  return features.some((feature) => feature === 'async' || feature === 'future' || feature === 'stream');
}

/**
 * Refuses what only the direct binding could run, and does not.
 *
 * @param reason Why it does not, to follow "because".
 * @throws {PluginError} `ERR_INVALID_COMPONENT`.
 */
export function assertRunsOnGlue(features: readonly Feature[], reason: string): void {
  if (isAsynchronous(features) || isUnknownToGlue(features)) throw notRunnable(reason);
}

/** @param reason Why no binding runs a component, to follow "because". */
export function notRunnable(reason: string): PluginError {
  return new PluginError('ERR_INVALID_COMPONENT', `The component cannot be run, because ${reason}`, {
    hint: 'Functions may be async; streams and futures may only pass between the parts of a composed component so far.',
  });
}
