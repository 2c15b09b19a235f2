import type { PluginSource } from '../artifact/source.ts';
import type { WitSource } from '../artifact/wit-text.ts';
import type { ContractMatch } from '../contract/match.ts';
import type { PluginMetadata } from '../contract/values.ts';
import type { Check } from '../health/check.ts';
import type { FailurePolicy } from '../health/failure-policy.ts';
import type { EmbedderImports, SuppliedImport } from '../host/imports/embedder-imports.ts';
import type { ResolvedPolicy, Sandbox } from '../host/policy/policy.ts';
import type { RecordOptions } from '../recording/options.ts';
import type { BatchCallOptions } from '../request/batch-calls.ts';
import type { Lane } from '../scheduler/lane.ts';
import type { Signer, VerifyOptions } from '../signature/verify-options.ts';
import type { Component } from './executor.ts';
import { type Statistics, statisticsOf } from './statistics.ts';

/**
 * How a plugin is loaded.
 *
 * @example
 * const options: LoadOptions = { sandbox: 'restricted', config: { mask: '#' }, version: '1.2.0' };
 * await engine.loadPlugin('redact', 'redact.wasm', options);
 */
export interface LoadOptions {
  /** What the plugin may reach and use: a preset or a policy. @default the policy of its name, else 'restricted' */
  readonly sandbox?: Sandbox;
  /** What `initialize` is given and `get-config` answers from. @default {} */
  readonly config?: Readonly<Record<string, string>>;
  /** The version's name. @default what the plugin's metadata says, else the first 12 digits of its SHA-256 */
  readonly version?: string;
  /**
   * `any` also loads a component that implements no world of the contract: `engine.call` reaches what it exports,
   * `process` nothing. `acme:app/plugin` is a world of your own {@link LoadOptions.wit}, which the component has to
   * implement, with as much of a version as tells which; of several worlds it has to implement one. @default 'plugin'
   */
  readonly world?: 'plugin' | 'any' | (string & {}) | readonly string[];
  /**
   * Your own WIT, for a world of it: a directory (with the packages that it uses in `deps`), a `.wit` file, or a package as
   * `wkg wit build` makes it; several of them for several versions. @default none
   */
  readonly wit?: WitSource | readonly WitSource[];
  /**
   * What the plugin imports beside WASI and the contract, and the modules that supply it: `{ 'acme:math/hash@1.0.0': new
   * URL('./hash.ts', import.meta.url) }`. It gets what is named here and nothing else. @default {}
   */
  readonly imports?: EmbedderImports;
  /** What a version has to answer before it serves anybody; within `wallTimeLimitMs` as a whole. @default nothing */
  readonly selfTest?: Check;
  /** What `healthCheck()` asks. @default `health-check-ping`, to which any answer will do */
  readonly healthCheck?: Check;
  /** What is done when it fails over and over. `{}` is all defaults. @default nothing */
  readonly failurePolicy?: FailurePolicy;
  /** How a plugin of the world `plugin-batch` is called. @default as many records at once as there are */
  readonly batchCalls?: BatchCallOptions;
  /**
   * Whose plugin it is. All plugins of a group have one share of the threads and of the compiler together, and one
   * account of what they hold. @default the plugin's name
   */
  readonly group?: string;
  /**
   * Where its requests run. `inline`: on the thread that asks for them, before `process` or `call` returns, at the price of
   * the call. It takes a policy with `maxInstructions`, and neither files, network nor async functions; blocks
   * (`processMany`, `batch`) and what a host function asks for go to workers all the same. See `docs/performance.md` and
   * `docs/security.md`. @default 'worker'
   */
  readonly placement?: 'worker' | 'inline';
  /**
   * WebAssembly instructions of one request with `placement: 'inline'`, for which the event loop is held; no more than the
   * `maxInstructions` of the policy, which instances have to start and requests have in workers. @default 100_000, about 50 µs
   */
  readonly inlineInstructions?: number;
  /**
   * What comes of `placement: 'inline'` when a request has run over its budget, which fails either way. `worker`: later
   * requests go to workers, and `plugin:warning` tells so. @default 'trap'
   */
  readonly overBudget?: 'trap' | 'worker';
  /**
   * By whom the component has to be signed; it is looked at before anything else is made of its bytes, and again with each
   * reload. See `docs/registries.md`. @default the option `verify` of the engine, else nobody
   */
  readonly verify?: VerifyOptions;
  /** Which requests are kept in files, with what they asked of their host, to be run again elsewhere. @default none */
  readonly record?: RecordOptions;
  /** Gives the load up: it rejects with `ERR_ABORTED`, and what it held is free for others. */
  readonly signal?: AbortSignal;
}

/** A component that is ready to be instantiated. */
export interface LoadedComponent {
  readonly component: Component;
  readonly source: PluginSource;
  /** Undefined where nobody asked. */
  readonly signer: Signer | undefined;
}

/** One loaded version of a plugin: a component, started with a policy and a configuration, and its queue. */
export interface PluginVersion extends LoadedComponent {
  readonly lane: Lane;
  readonly metadata: PluginMetadata | undefined;
  readonly policy: ResolvedPolicy;
  readonly options: LoadOptions;
  readonly loadedAt: Date;
}

/**
 * What a version is to its plugin: `stable` serves, `canary` serves a share of the requests, `standby` serves those
 * that name it.
 *
 * @example
 * const serves = (role: VersionRole) => role !== 'standby';
 * console.log(engine.versions('redact').list().filter(({ role }) => serves(role)));
 */
export type VersionRole = 'stable' | 'canary' | 'standby';

/**
 * An import that the embedder supplies.
 *
 * @example
 * const supplied = ({ name, from }: ImportInfo) => console.log(name, from);
 * engine.versions('shop').list()[0]?.imports.forEach(supplied);
 */
export interface ImportInfo {
  /** As the component writes it, version included. */
  readonly name: string;
  /** `module`: one that each worker loads. `functions`: those of the main thread. */
  readonly from: 'module' | 'functions';
  /** The `file:` URL of the module. */
  readonly module?: string;
}

/**
 * What there is to know of a version.
 *
 * @example
 * const show = ({ version, role }: VersionInfo) => console.log(version, role);
 * engine.versions('redact').list().forEach(show);
 */
export interface VersionInfo {
  readonly version: string;
  readonly role: VersionRole;
  /** Which world of the contract it implements. */
  readonly world: ContractMatch['world'];
  /** Which world of your own it implements: `acme:app/plugin@1.0.0`; undefined when it was not held against any. */
  readonly ownWorld?: string;
  /** Where its requests run: `worker` also once one has run over its budget and `overBudget` says so. */
  readonly placement: 'worker' | 'inline';
  /** What the plugin says of itself; undefined in the worlds that have no `get-metadata`. */
  readonly metadata: PluginMetadata | undefined;
  /** SHA-256 of the component, in hexadecimal. */
  readonly sha256: string;
  /** Who has signed it, where `verify` asked for that. */
  readonly signedBy?: Signer;
  /** What it may reach, and its limits. */
  readonly policy: ResolvedPolicy;
  /** What it imports beside WASI and the contract, and who supplies it. */
  readonly imports: readonly ImportInfo[];
  readonly loadedAt: Date;
  readonly statistics: Statistics;
}

export function describeVersion(version: PluginVersion, role: VersionRole): VersionInfo {
  const { lane, component, signer, metadata, policy, loadedAt } = version;
  const { contract, sha256 } = component;
  const { version: name } = lane;
  return {
    version: name,
    role,
    world: contract.world,
    ...(contract.own !== undefined && { ownWorld: contract.own }),
    placement: lane.inline?.state === 'inline' ? 'inline' : 'worker',
    metadata,
    sha256,
    ...(signer !== undefined && { signedBy: signer }),
    policy,
    imports: describeImports(lane.definition.imports),
    loadedAt,
    statistics: statisticsOf(lane),
  };
}

export function describeImports(imports: readonly SuppliedImport[]): ImportInfo[] {
  return imports.map(({ name, module }) =>
    module === undefined ? { name, from: 'functions' } : { name, from: 'module', module },
  );
}
