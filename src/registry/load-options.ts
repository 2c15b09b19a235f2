import { invalidArgument, knownKeys, nonEmptyString } from '../arguments/arguments.ts';
import type { WitSource } from '../artifact/wit-text.ts';
import { parseInterfaceName } from '../contract/interface-name.ts';
import { resolveCheck } from '../health/check.ts';
import { resolveFailurePolicy } from '../health/failure-policy.ts';
import { resolveImports } from '../host/imports/embedder-imports.ts';
import { resolvePolicy } from '../host/policy/policy.ts';
import { resolvePlacement } from '../inline/placement.ts';
import { resolveRecord } from '../recording/options.ts';
import { resolveBatchCalls } from '../request/batch-calls.ts';
import { resolveVerify } from '../signature/verify-options.ts';
import { resolveConfig } from './config.ts';
import type { LoadOptions } from './plugin-version.ts';

/** A record, so that the compiler finds the option that is missing here. */
const KEYS: Record<keyof LoadOptions, true> = {
  sandbox: true,
  config: true,
  version: true,
  world: true,
  wit: true,
  imports: true,
  selfTest: true,
  healthCheck: true,
  failurePolicy: true,
  batchCalls: true,
  group: true,
  placement: true,
  inlineInstructions: true,
  overBudget: true,
  verify: true,
  record: true,
  signal: true,
};

/** The names of all that a load may say. */
export const LOAD_OPTIONS = Object.keys(KEYS) as readonly (keyof LoadOptions)[];

/**
 * Refuses options that do not exist: one that is misspelt would load a plugin under another policy than was meant.
 * What they hold is checked where it is used.
 */
export function checkLoadOptions(options: LoadOptions): LoadOptions {
  knownKeys('options', options, LOAD_OPTIONS);
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
  resolveWorld(options);
  resolvePlacement(options);
  if (options.group !== undefined) nonEmptyString('group', options.group);
  resolveCheck('selfTest', options.selfTest);
  resolveCheck('healthCheck', options.healthCheck);
  if (options.failurePolicy !== undefined) resolveFailurePolicy(options.failurePolicy);
  resolveBatchCalls(options.batchCalls);
  resolveVerify(options.verify);
  resolveRecord(options.record);
  if (options.version !== undefined) nonEmptyString('version', options.version);
}

/** What a component has to implement. */
interface ResolvedWorld {
  readonly world: 'plugin' | 'any';
  /** The names of worlds of the embedder's own, and where their WIT is. */
  readonly own: { readonly names: readonly string[]; readonly wit: readonly WitSource[] } | undefined;
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for what is no choice of {@link LoadOptions.world}. */
export function resolveWorld({ world = 'plugin', wit }: Pick<LoadOptions, 'world' | 'wit'>): ResolvedWorld {
  const names = typeof world === 'string' ? [world] : world;
  const sources = wit === undefined ? [] : Array.isArray(wit) ? wit : [wit];
  if (names.length === 1 && (names[0] === 'plugin' || names[0] === 'any')) {
    if (wit !== undefined) throw invalidArgument('wit', '`undefined` for a world that is not of your own', wit);
    return { world: names[0], own: undefined };
  }
  const expected = "'plugin', 'any' or names of worlds such as 'acme:app/plugin'";
  if (
    !Array.isArray(names) ||
    names.length === 0 ||
    names.some((name) => parseInterfaceName(`${name}`) === undefined)
  ) {
    throw invalidArgument('world', expected, world);
  }
  if (sources.length === 0) throw invalidArgument('wit', 'the path of the WIT that has the world', wit);
  return { world: 'any', own: { names, wit: sources } };
}
