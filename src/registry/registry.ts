import { nonEmptyString } from '../arguments.ts';
import type { ArtifactCompiler } from '../artifact/compiler.ts';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../log-line.ts';
import type { CapabilityManager } from '../sandbox/capabilities.ts';
import { environmentOf } from '../sandbox/environment.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { resolveConfig } from './config.ts';
import { NameLocks } from './name-locks.ts';
import {
  describePlugin,
  type LoadedComponent,
  type LoadOptions,
  type PluginInfo,
  type PluginSource,
  type PluginVersion,
} from './plugin.ts';

/** How a plugin is unloaded. */
export interface UnloadOptions {
  /** Fail what is queued and running with `ERR_PLUGIN_NOT_FOUND` instead of finishing it first. @default false */
  readonly force?: boolean;
}

/** What the registry tells of its plugins. */
export interface RegistryListener {
  readonly onLoaded: (plugin: PluginInfo) => void;
  readonly onReloaded: (plugin: PluginInfo, previous: PluginInfo) => void;
  readonly onReloadFailed: (name: string, error: PluginError) => void;
  readonly onUnloaded: (plugin: PluginInfo) => void;
}

/**
 * The loaded plugins by name. Operations on one name run one after the other; requests never wait for them, because
 * a version is either in place with everything it needs or it is not there.
 */
export class Registry {
  readonly #compiler: ArtifactCompiler;
  readonly #capabilities: CapabilityManager;
  readonly #scheduler: Scheduler;
  readonly #listener: RegistryListener;
  readonly #plugins = new Map<string, PluginVersion>();
  readonly #locks = new NameLocks();
  /** Versions that were replaced and still finish what they began. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(
    compiler: ArtifactCompiler,
    capabilities: CapabilityManager,
    scheduler: Scheduler,
    listener: RegistryListener,
  ) {
    this.#compiler = compiler;
    this.#capabilities = capabilities;
    this.#scheduler = scheduler;
    this.#listener = listener;
  }

  /** The version that serves requests to a name now. */
  get(name: string): PluginVersion | undefined {
    return this.#plugins.get(name);
  }

  list(): PluginInfo[] {
    return [...this.#plugins].map(([name, version]) => describePlugin(name, version));
  }

  load(name: string, source: PluginSource, options: LoadOptions): Promise<PluginInfo> {
    return this.#locks.run(name, async () => {
      if (this.#plugins.has(name)) {
        throw new PluginError('ERR_INVALID_ARGUMENT', `A plugin is already loaded as \`${cleanLogLine(name)}\``, {
          plugin: name,
          hint: 'Replace it with `reloadPlugin`, or unload it first.',
        });
      }
      const version = await this.#bringUp(name, source, options);
      this.#plugins.set(name, version);
      const info = describePlugin(name, version);
      this.#listener.onLoaded(info);
      return info;
    });
  }

  reload(name: string, source: PluginSource | undefined, options: LoadOptions | undefined): Promise<PluginInfo> {
    return this.#locks.run(name, () => {
      const previous = this.#expect(name);
      // What the new version is called, it says itself, unless the caller names it now.
      const { version: _, ...kept } = previous.options;
      return this.#replace(name, previous, () => this.#bringUp(name, source ?? previous.source, options ?? kept));
    });
  }

  /** Replaces the instances of a plugin by such with the policy that it has now. */
  refresh(name: string): Promise<void> {
    return this.#locks.run(name, async () => {
      const previous = this.#plugins.get(name);
      if (previous === undefined) return;
      // The same bytes, not what the file holds by now: a grant is no reason to load other code.
      await this.#replace(name, previous, () => this.#start(name, previous, previous.options));
    });
  }

  /** A version that does not come up never replaces one that works (invariant 12). */
  async #replace(name: string, previous: PluginVersion, bringUp: () => Promise<PluginVersion>): Promise<PluginInfo> {
    let version: PluginVersion;
    try {
      version = await bringUp();
    } catch (error) {
      this.#listener.onReloadFailed(name, error as PluginError);
      throw error;
    }
    this.#plugins.set(name, version);
    const info = describePlugin(name, version);
    this.#listener.onReloaded(info, describePlugin(name, previous));
    // Not awaited: its requests may take long, and the new version serves already.
    const leaving = this.#takeDown(previous).finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    return info;
  }

  unload(name: string, { force = false }: UnloadOptions): Promise<void> {
    return this.#locks.run(name, async () => {
      const version = this.#expect(name);
      this.#plugins.delete(name);
      if (force) {
        this.#scheduler.abandon(version.lane, (job) =>
          job.error('ERR_PLUGIN_NOT_FOUND', `The plugin \`${cleanLogLine(name)}\` was unloaded by force`),
        );
      }
      await this.#takeDown(version);
      this.#listener.onUnloaded(describePlugin(name, version));
    });
  }

  /** Unloads everything, after the operations that are under way. */
  async close(): Promise<void> {
    await this.#locks.settled();
    const versions = [...this.#plugins.values()];
    this.#plugins.clear();
    await Promise.all([...this.#leaving, ...versions.map((version) => this.#takeDown(version))]);
  }

  #expect(name: string): PluginVersion {
    const version = this.#plugins.get(name);
    if (version === undefined) throw pluginNotFound(name, [...this.#plugins.keys()]);
    return version;
  }

  async #bringUp(plugin: string, source: PluginSource, options: LoadOptions): Promise<PluginVersion> {
    const { maxMemoryBytes } = this.#capabilities.resolve(plugin, options.sandbox);
    try {
      const { artifact, modules } = await this.#compiler.load(source, { maxMemoryBytes });
      return await this.#start(plugin, { artifact, modules, source }, options);
    } catch (error) {
      throw error instanceof PluginError && error.plugin === undefined ? error.with({ plugin }) : error;
    }
  }

  /** Makes the first instance; what fails on the way leaves nothing behind. */
  async #start(plugin: string, component: LoadedComponent, options: LoadOptions): Promise<PluginVersion> {
    const { artifact, modules, source } = component;
    const policy = this.#capabilities.resolve(plugin, options.sandbox);
    if (policy.sha256 !== undefined && policy.sha256 !== artifact.sha256) {
      throw new PluginError(
        'ERR_CAPABILITY_DENIED',
        `The policy is for ${policy.sha256}, and the component is ${artifact.sha256}`,
        {
          plugin,
          hint: 'Look at what changed in the component, then pin its new `sha256` in the policy.',
        },
      );
    }
    const config = resolveConfig(options.config);
    const version =
      options.version === undefined ? artifact.sha256.slice(0, 12) : nonEmptyString('version', options.version);
    const lane = this.#scheduler.open({
      plugin,
      version,
      contract: artifact.contract,
      binding: artifact.binding,
      modules,
      memories: artifact.summary.memories,
      maxBytes: artifact.summary.maxBytes,
      environment: environmentOf(policy),
      config,
      policy,
    });
    try {
      const metadata = await this.#scheduler.prepare(lane);
      if (options.version === undefined && metadata !== undefined && metadata.version !== '') {
        lane.version = cleanLogLine(metadata.version);
      }
      return { lane, artifact, modules, metadata, policy, source, options, loadedAt: new Date() };
    } catch (error) {
      await this.#scheduler.close(lane);
      throw error;
    }
  }

  async #takeDown({ lane }: PluginVersion): Promise<void> {
    await this.#scheduler.drain(lane);
    await this.#scheduler.close(lane);
  }
}

/**
 * `ERR_PLUGIN_NOT_FOUND`, with what is there instead.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when it is no name at all.
 */
export function pluginNotFound(name: string, loaded: readonly string[]): PluginError {
  nonEmptyString('name', name);
  // A name may come from whoever called the caller: what is made to be logged is one line (invariant 11).
  const names = loaded.slice(0, 10).map(cleanLogLine).join(', ');
  return new PluginError('ERR_PLUGIN_NOT_FOUND', `No plugin is loaded as \`${cleanLogLine(name)}\``, {
    plugin: name,
    hint: loaded.length === 0 ? 'Load it first with `loadPlugin`.' : `Loaded are: ${names}.`,
  });
}
