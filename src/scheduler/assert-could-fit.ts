import type { PluginDefinition } from '../artifact/definition.ts';
import { PluginError } from '../errors.ts';
import { addressSpace, RESERVED_BYTES } from './address-space.ts';

/** @throws {PluginError} `ERR_MEMORY_LIMIT` when one instance of a plugin could take more than there is for all. */
export function assertCouldFit({ plugin, maxBytes, memories }: PluginDefinition, maxTotalMemoryBytes: number): void {
  if (maxBytes > maxTotalMemoryBytes) {
    const limit = { name: 'maxTotalMemoryBytes', value: maxTotalMemoryBytes };
    const message = `One instance may grow to ${maxBytes} bytes; the engine has ${limit.value} for all plugins`;
    const hint = 'Raise `maxTotalMemoryBytes` of the engine, or lower `maxMemoryBytes` in the policy.';
    throw new PluginError('ERR_MEMORY_LIMIT', message, { plugin, limit, hint });
  }
  const limit = { name: 'memories of the process', value: addressSpace.limit };
  if (memories <= limit.value) return;
  const message =
    `One instance has ${memories} memories, each of which reserves ${RESERVED_BYTES} bytes of addresses; ` +
    `the process has them for ${limit.value}`;
  const hint = 'Build the plugin of fewer core modules, or raise the limit on addresses of the process (`ulimit -v`).';
  throw new PluginError('ERR_MEMORY_LIMIT', message, { plugin, limit, hint });
}
