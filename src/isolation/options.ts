import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { invalidArgument, knownKeys, wholeNumber } from '../arguments/arguments.ts';

/**
 * How plugins are kept in processes of their own.
 *
 * @example
 * const isolation: IsolationOptions = { group: (plugin) => plugin.split('/')[0]!, maxMemoryBytes: 512 * 2 ** 20 };
 * const engine = await PluginEngine.create({ isolation });
 */
export interface IsolationOptions {
  /**
   * Names the process that a plugin runs in, by its name: plugins that trust each other no further than the threads of
   * one process go get different ones. Called in this process, whenever the plugin is loaded. @default all in one
   */
  readonly group?: (plugin: string) => string;
  /**
   * Bytes of memory that each process may have resident; one that has more is ended. Looked at 20 times a second, on
   * Linux. @default `maxTotalMemoryBytes` + 1 GiB
   */
  readonly maxMemoryBytes?: number;
}

/** {@link IsolationOptions}, checked and complete. */
export interface ResolvedIsolation {
  readonly group: (plugin: string) => string;
  readonly maxMemoryBytes: number;
}

const MiB = 1024 * 1024;
/** Node, the engine and the compiler take 100 MiB before the first plugin. */
const LEAST_MEMORY = 192 * MiB;

/**
 * Checks the option; gives undefined where plugins run in this process.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function resolveIsolation(
  isolation: 'none' | 'process' | IsolationOptions | undefined,
  maxTotalMemoryBytes: number,
): ResolvedIsolation | undefined {
  if (isolation === undefined || isolation === 'none') return undefined;
  if (typeof isolation === 'string' && isolation !== 'process') {
    throw invalidArgument('isolation', "'none', 'process' or an object", isolation);
  }
  const { group, maxMemoryBytes }: IsolationOptions =
    isolation === 'process' ? {} : knownKeys('isolation', isolation, ['group', 'maxMemoryBytes']);
  if (group !== undefined && typeof group !== 'function') throw invalidArgument('isolation.group', 'a function', group);
  return Object.freeze({
    group: (plugin: string) => (group === undefined ? 'plugins' : nameOf(group(plugin))),
    maxMemoryBytes: wholeNumber('isolation.maxMemoryBytes', maxMemoryBytes, {
      min: LEAST_MEMORY,
      max: Number.MAX_SAFE_INTEGER,
      default: maxTotalMemoryBytes + 1024 * MiB,
    }),
  });
}

function nameOf(group: unknown): string {
  if (typeof group !== 'string' || group === '') {
    throw invalidArgument('isolation.group', 'a function that returns a string that is not empty', group);
  }
  return group;
}

/**
 * Where a group keeps its artifacts. Each has a directory of its own: whoever takes over the process of one could write
 * into it what another one would run.
 */
export function cacheOfGroup(directory: string, group: string): string {
  return join(directory, 'groups', createHash('sha256').update(group).digest('hex').slice(0, 16));
}
