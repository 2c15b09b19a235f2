import type { Artifact } from '../artifact/artifact.ts';
import type { ContractMatch } from '../contract/match.ts';
import type { PluginMetadata } from '../protocol.ts';
import type { ResolvedPolicy, Sandbox } from '../sandbox/policy.ts';
import type { Lane } from '../scheduler/lane.ts';

/** How a plugin is loaded. */
export interface LoadOptions {
  /** What the plugin may reach and use: a preset or a policy. @default the policy of its name, else 'restricted' */
  readonly sandbox?: Sandbox;
  /** What `initialize` is given and `get-config` answers from. @default {} */
  readonly config?: Readonly<Record<string, string>>;
  /** The version's name. @default what the plugin's metadata says, else the first 12 digits of its SHA-256 */
  readonly version?: string;
}

/** A path, a `file:` URL, or the bytes of a component. */
export type PluginSource = string | URL | Uint8Array;

/** A component that is ready to be instantiated. */
export interface LoadedComponent {
  readonly artifact: Artifact;
  readonly modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly source: PluginSource;
}

/** One loaded version of a plugin. */
export interface PluginVersion extends LoadedComponent {
  readonly lane: Lane;
  readonly metadata: PluginMetadata | undefined;
  readonly policy: ResolvedPolicy;
  readonly options: LoadOptions;
  readonly loadedAt: Date;
}

/** What `listPlugins()` shows of a plugin. */
export interface PluginInfo {
  /** The name under which it was loaded. */
  readonly name: string;
  readonly version: string;
  /** Which world of the contract it implements. */
  readonly world: ContractMatch['world'];
  /** What the plugin says of itself; undefined in the worlds that have no `get-metadata`. */
  readonly metadata: PluginMetadata | undefined;
  /** SHA-256 of the component, in hexadecimal. */
  readonly sha256: string;
  readonly policy: ResolvedPolicy;
  readonly loadedAt: Date;
  /** Requests that wait, are queued or run. */
  readonly pending: number;
}

export function describePlugin(name: string, version: PluginVersion): PluginInfo {
  const { lane, artifact, metadata, policy, loadedAt } = version;
  const { contract, sha256 } = artifact;
  return {
    name,
    version: lane.version,
    world: contract.world,
    metadata,
    sha256,
    policy,
    loadedAt,
    pending: lane.size + lane.sent + lane.waiting,
  };
}
