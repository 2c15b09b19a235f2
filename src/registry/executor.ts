import type { Artifact } from '../artifact/artifact.ts';
import type { CompileOptions } from '../artifact/compile-component.ts';
import type { PluginDefinition } from '../artifact/definition.ts';
import type { PluginSource } from '../artifact/source.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import type { ResolvedInline } from '../inline/placement.ts';
import type { Lane } from '../scheduler/lane.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

/** What a lane is opened with, beside the component. */
export interface LaneOpening
  extends Pick<
    PluginDefinition,
    'plugin' | 'version' | 'environment' | 'config' | 'policy' | 'imports' | 'session' | 'tape'
  > {
  /** With whose it shares threads. */
  readonly group: string;
}

/** A component that is compiled, wherever that is, and what the registry has to know of it. */
export interface Component extends Pick<Artifact, 'sha256' | 'contract' | 'summary'> {
  /**
   * Opens a lane for one version of a plugin that is made of it.
   *
   * @throws {PluginError} `ERR_MEMORY_LIMIT` when one instance could take more than the engine has for all.
   */
  open(opening: LaneOpening): Lane;
}

/** For whom a component is compiled. */
export interface ComponentUse {
  readonly plugin: string;
  /** Whose it is: components are compiled by turns among groups. */
  readonly group: string;
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined;
  /** What the plugin may reach: a process that is to run it needs as much. */
  readonly policy: ResolvedPolicy;
}

/**
 * A process that runs plugins.
 *
 * @example
 * const isServing = ({ state }: ProcessStatus) => state === 'serving';
 * console.log(engine.status().processes?.filter(isServing).length);
 */
export interface ProcessStatus {
  /** What the option `isolation.group` gave. */
  readonly group: string;
  readonly pid: number;
  /** `starting` until its plugins are loaded, `leaving` while it finishes what it has. */
  readonly state: 'starting' | 'serving' | 'leaving';
}

/** Takes requests to lanes in, and settles each of them once. */
export type Scheduling = Omit<Scheduler, 'open' | 'expect' | 'end' | 'inlineHost'>;

/**
 * What runs plugins: the threads of this process, or processes of their own. Everything above it is the same for both:
 * names, versions, canaries, grants, circuits, watching, batches.
 */
export interface Executor {
  readonly scheduler: Scheduling;
  /** The processes that live, where there are any beside this one. */
  readonly processes?: readonly ProcessStatus[];
  /** Compiles a component, or takes it from a cache. @throws {PluginError} what says why it is unusable. */
  load(source: PluginSource, options: CompileOptions, use: ComponentUse): Promise<Component>;
  /**
   * Has the requests of a lane run on this thread from now on; undefined where plugins are kept out of this process.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for what could hold the thread.
   */
  readonly placeInline?: (lane: Lane, options: ResolvedInline) => Promise<void>;
  /** Ends all that runs. Nothing may be outstanding. */
  end(): Promise<void>;
}
