import type { ContractMatch } from '../contract/match.ts';
import type { SuppliedImport } from '../host/imports/embedder-imports.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import type { TapeOrder } from '../recording/tape.ts';
import type { ComponentBinding } from './artifact.ts';
import type { CompiledModule } from './compiled-module.ts';

/**
 * Everything that a worker needs to make instances of one version of a plugin. It crosses the thread boundary by
 * structured clone: posting a `WebAssembly.Module` shares its compiled code.
 */
export interface PluginDefinition {
  /** The name under which the plugin is loaded. */
  readonly plugin: string;
  /** The version, as `listPlugins()` shows it. */
  readonly version: string;
  /** Which world the component implements, and under which names. */
  readonly contract: ContractMatch;
  /** What lifts and lowers; `elsewhere` where another process does, and has the modules. */
  readonly binding: ComponentBinding | { readonly kind: 'elsewhere' };
  /** The core modules by name, in the order of the artifact. */
  readonly modules: ReadonlyMap<string, CompiledModule>;
  /** The most bytes that memories and tables of one instance can take together. */
  readonly maxBytes: number;
  /** How many memories one instance has, over all its core instances. */
  readonly memories: number;
  /** The environment variables that the plugin sees. */
  readonly environment: readonly (readonly [string, string])[];
  /** What `initialize` is given and `get-config` answers from. */
  readonly config: readonly (readonly [string, string])[];
  readonly policy: ResolvedPolicy;
  /** What the embedder supplies to it. */
  readonly imports: readonly SuppliedImport[];
  /** Whether it is a session's: there is one instance, and when that is gone there is none. */
  readonly session?: true;
  /** What becomes of its calls to the host beside being answered. @default nothing */
  readonly tape?: TapeOrder;
}
