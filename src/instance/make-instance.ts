import type { PluginDefinition } from '../artifact/definition.ts';
import { createWasi } from '../host/wasi/index.ts';
import { PluginInstance } from './plugin-instance.ts';
import type { Runtime } from './runtime.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Instantiates a component with a WASI of its own, if it imports any.
 *
 * @throws {PluginError} as the constructor of {@link PluginInstance}, and what {@link createWasi} throws.
 */
export function makeInstance(
  definition: PluginDefinition,
  runtime: Runtime,
  surroundings: Omit<Surroundings, 'wasi'>,
): PluginInstance {
  const { wasi: interfaces } = definition.contract;
  const { context, outside: line } = surroundings;
  const wasi = interfaces.length === 0 ? undefined : createWasi({ ...definition, context, interfaces, line });
  return new PluginInstance(definition, runtime, { ...surroundings, wasi });
}
