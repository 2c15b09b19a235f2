import type { Feature } from '../component/features.ts';
import { PluginError } from '../errors.ts';

/** Everything that returns later than at the end of the call, or of which the component model is not sure yet. */
const ASYNCHRONOUS: readonly Feature[] = ['async', 'error-context', 'future', 'stream', 'threads', 'values'];

/**
 * What neither the contract nor WASI 0.2 has a use for. Only jco's glue knows it, which bounds less of what the host
 * does for a plugin than the direct binding: so that an unused definition of it must not choose the glue.
 */
const UNNEEDED: readonly Feature[] = ['map', 'memory64'];

/**
 * Refuses a component that neither binding may run.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT`.
 */
export function assertBindable(features: readonly Feature[]): void {
  const used = features.filter((feature) => ASYNCHRONOUS.includes(feature) || UNNEEDED.includes(feature));
  if (used.length === 0) return;
  throw new PluginError('ERR_INVALID_COMPONENT', `The component uses what the host cannot run: ${used.join(', ')}`, {
    hint: 'Build it with functions that are done when they return: for WASI 0.2 (`wasm32-wasip2`) in Rust, C or Go, with `--sync` by componentize-qjs.',
  });
}
