import type { ResolvedPolicy } from '../host/policy/policy.ts';
import type { PluginState } from './plugin-state.ts';
import { describeVersion, type PluginVersion, type VersionInfo } from './plugin-version.ts';
import type { Statistics } from './statistics.ts';

/**
 * What `listPlugins()` shows of a plugin: the version that serves.
 *
 * @example
 * const info: PluginInfo = await engine.loadPlugin('redact', 'redact.wasm');
 * console.log(info.name, info.version, info.sha256);
 */
export interface PluginInfo extends Omit<VersionInfo, 'role' | 'statistics'> {
  /** The name under which it was loaded. */
  readonly name: string;
  /** Requests that wait, are queued or run. */
  readonly pending: number;
}

/**
 * What `getPlugin()` shows of a plugin.
 *
 * @example
 * const details: PluginDetails | undefined = engine.getPlugin('redact');
 * console.log(details?.state, details?.statistics.requests);
 */
export interface PluginDetails {
  readonly name: string;
  readonly state: PluginState;
  /** Why it is in that state, in words. */
  readonly reason: string;
  /** The version that serves what is not the canary's; undefined until the first one is ready. */
  readonly stable: VersionInfo | undefined;
  /** The version that is tried out, and its share of the requests in percent. */
  readonly canary: { readonly version: string; readonly percentage: number } | undefined;
  /** All that are loaded, `stable` among them, in the order in which they were. */
  readonly versions: readonly VersionInfo[];
  /** Of all versions together, those that are gone included. */
  readonly statistics: Statistics;
}

/** What the answers of a plugin depend on, beside the request. */
export interface PluginRecipe {
  readonly name: string;
  readonly sha256: string;
  readonly config: Readonly<Record<string, string>>;
  readonly policy: ResolvedPolicy;
  readonly imports: VersionInfo['imports'];
}

export function describePlugin(name: string, version: PluginVersion): PluginInfo {
  const { role: _, statistics, ...info } = describeVersion(version, 'stable');
  return { name, ...info, pending: statistics.pending };
}
