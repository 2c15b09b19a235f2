import { invalidArgument, knownKeys, nonEmptyString, oneOf } from '../arguments/arguments.ts';
import { resolveCheck } from '../health/check.ts';
import { resolveFailurePolicy } from '../health/failure-policy.ts';
import { resolveImports } from '../host/imports/embedder-imports.ts';
import { resolvePolicy } from '../host/policy/policy.ts';
import { resolveConfig } from './config.ts';
import type { LoadOptions } from './plugin-version.ts';

/** A record, so that the compiler finds the option that is missing here. */
const KEYS: Record<keyof LoadOptions, true> = {
  sandbox: true,
  config: true,
  version: true,
  world: true,
  imports: true,
  selfTest: true,
  healthCheck: true,
  failurePolicy: true,
  group: true,
  signal: true,
};

/**
 * Refuses options that do not exist: one that is misspelt would load a plugin under another policy than was meant.
 * What they hold is checked where it is used.
 */
export function checkLoadOptions(options: LoadOptions): LoadOptions {
  knownKeys('options', options, Object.keys(KEYS));
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument('signal', 'an AbortSignal', signal);
  return options;
}

/**
 * Checks what the options hold that are data, for whoever keeps them before anything is loaded.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function checkLoadValues(options: Omit<LoadOptions, 'signal'>): void {
  resolvePolicy(options.sandbox);
  resolveConfig(options.config);
  resolveImports(options.imports);
  resolveWorld(options.world);
  if (options.group !== undefined) nonEmptyString('group', options.group);
  resolveCheck('selfTest', options.selfTest);
  resolveCheck('healthCheck', options.healthCheck);
  if (options.failurePolicy !== undefined) resolveFailurePolicy(options.failurePolicy);
  if (options.version !== undefined) nonEmptyString('version', options.version);
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for what is no choice of {@link LoadOptions.world}. */
export function resolveWorld(world: unknown): 'plugin' | 'any' {
  return oneOf('world', world, ['plugin', 'any'], 'plugin');
}
