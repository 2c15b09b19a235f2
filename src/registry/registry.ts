import { fixSource, type PluginSource } from '../artifact/source.ts';
import { describe, PluginError } from '../errors.ts';
import { failedHow } from '../health/failure-policy.ts';
import type { CircuitChange } from '../health/guard.ts';
import { Guards } from '../health/guards.ts';
import type { PluginHealth } from '../health/health-check.ts';
import { Provided } from '../host/imports/provided.ts';
import type { CapabilityManager } from '../host/policy/capabilities.ts';
import type { PluginStatus } from '../observe/plugin-status.ts';
import type { VerifyOptions } from '../signature/verify-options.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { Departures } from './departures.ts';
import type { Executor } from './executor.ts';
import { checkHealth } from './health-round.ts';
import { NameLocks } from './name-locks.ts';
import { Plugin } from './plugin.ts';
import { describePlugin, type PluginDetails, type PluginInfo, type PluginRecipe } from './plugin-info.ts';
import { describeVersion, type LoadOptions, type PluginVersion, type VersionInfo } from './plugin-version.ts';
import { Plugins } from './plugins.ts';
import type { RegistryListener } from './registry-listener.ts';
import type { UnloadOptions } from './unload-options.ts';
import { VersionStarter } from './version-starter.ts';

/** How plugins are kept. */
export interface RegistryOptions {
  readonly keepWarmMs: number;
  /** Who has to have signed what is loaded without a `verify` of its own. */
  readonly verify: VerifyOptions | undefined;
}

/**
 * The loaded plugins by name. Operations that add or remove versions of one name run one after the other; requests
 * never wait for them, because a version is either in place with everything it needs or it is not there. Which version
 * serves is changed at once, also while such an operation is under way.
 */
export class Registry {
  readonly #starter: VersionStarter;
  readonly #listener: RegistryListener;
  readonly #keepWarmMs: number;
  readonly #plugins = new Plugins();
  readonly #locks = new NameLocks();
  /** What stands before the plugins that have a failure policy. */
  readonly guards: Guards;
  /** What the embedder supplies to many plugins. */
  readonly provided: Provided = new Provided();
  readonly #departures: Departures;

  constructor(
    executor: Executor,
    capabilities: CapabilityManager,
    { keepWarmMs, verify }: RegistryOptions,
    listener: RegistryListener,
  ) {
    const { scheduler } = executor;
    this.#departures = new Departures(scheduler);
    this.#keepWarmMs = keepWarmMs;
    this.#listener = listener;
    this.guards = new Guards({
      onCircuit: (change) => {
        this.#plugins.get(change.plugin)?.review(circuitReason(change));
        listener.onCircuit(change);
      },
      onQuarantined: listener.onQuarantined,
      onOpened: (lane) => scheduler.reroute(lane),
      find: (plugin, version) => this.#plugins.find(plugin)?.find(version)?.lane,
    });
    this.#starter = new VersionStarter(executor, capabilities, this.guards, this.provided, verify, listener);
  }

  /** The plugin that serves requests to a name now. */
  get(name: string): Plugin | undefined {
    return this.#plugins.find(name);
  }

  /** @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`. */
  expect(name: string): Plugin {
    return this.#plugins.expect(name);
  }

  list(): PluginInfo[] {
    return this.#plugins.list();
  }

  /** What the answers of the plugins depend on. */
  recipes(): PluginRecipe[] {
    return this.#plugins.recipes();
  }

  /** What there is to know of a plugin, also while it is loading or draining. */
  describe(name: string): PluginDetails | undefined {
    return this.#plugins.get(name)?.describe();
  }

  /** What state the plugins are in. */
  states(): PluginStatus[] {
    return [...this.#plugins.values()].map((plugin) => ({
      plugin: plugin.name,
      state: plugin.state,
      quarantined: this.guards.list(plugin.name).length,
      versions: plugin.statesOfVersions(),
    }));
  }

  /** Asks every plugin at once whether it is well. */
  checkHealth(deadlineMs: number): Promise<PluginHealth[]> {
    return checkHealth(this.#plugins.serving, this.#starter, deadlineMs);
  }

  load(name: string, given: PluginSource, options: LoadOptions): Promise<PluginInfo> {
    const source = fixSource(given);
    return this.#locks.run(name, async () => {
      if (this.#plugins.has(name)) {
        throw new PluginError('ERR_INVALID_ARGUMENT', `A plugin is already loaded as \`${cleanLogLine(name)}\``, {
          plugin: name,
          hint: 'Replace it with `reloadPlugin`, or unload it first.',
        });
      }
      const plugin = new Plugin(name, this.#keepWarmMs, {
        ...this.#listener,
        onExpired: (version) => this.#expire(plugin, version),
      });
      this.#plugins.set(name, plugin);
      plugin.enter('loading', 'loadPlugin was called');
      let version: PluginVersion;
      try {
        version = await this.#starter.bringUp(name, source, options);
      } catch (error) {
        this.#plugins.delete(name);
        plugin.enter('failed', reasonOf(error));
        throw error;
      }
      plugin.start(version);
      const info = describePlugin(name, version);
      this.#listener.onLoaded(info);
      return info;
    });
  }

  reload(name: string, given: PluginSource | undefined, options: LoadOptions | undefined): Promise<PluginInfo> {
    const source = given === undefined ? undefined : fixSource(given);
    return this.#locks.run(name, () => {
      const plugin = this.#plugins.expect(name);
      const { stable } = plugin;
      const bringUp = () =>
        this.#starter.bringUp(name, source ?? stable.source, options ?? withoutName(stable.options));
      return this.#replace(plugin, stable, 'kept', bringUp);
    });
  }

  /** Makes a version ready that serves nothing but the requests that name it. */
  loadVersion(name: string, given: PluginSource, options: LoadOptions | undefined): Promise<VersionInfo> {
    const source = fixSource(given);
    return this.#locks.run(name, async () => {
      const plugin = this.#plugins.expect(name);
      const version = await this.#starter.bringUp(name, source, options ?? withoutName(plugin.stable.options));
      const displaced = await this.#orTakeDown(version, () => plugin.add(version));
      if (displaced !== undefined) this.#departures.letGo(plugin, displaced);
      return describeVersion(version, 'standby');
    });
  }

  unloadVersion(name: string, versionName: string): Promise<void> {
    return this.#locks.run(name, async () => {
      const plugin = this.#plugins.expect(name);
      const version = plugin.version(versionName);
      plugin.remove(version);
      await this.#departures.leave(plugin, version);
    });
  }

  /**
   * Replaces the instances of all versions of a plugin by such with the policy that it has now.
   *
   * @param failing What becomes of a plugin whose stable version does not start again: it `stays` as it is, which is for
   * new grants, or it `goes`, so that nothing is left that has what was taken back.
   * @throws what that version failed with.
   */
  refresh(name: string, failing: 'stays' | 'goes'): Promise<void> {
    return this.#locks.run(name, async () => {
      const plugin = this.#plugins.find(name);
      if (plugin === undefined) return;
      const { stable, versions: before } = plugin;
      // The stable one first: where it does not start with a new grant, no other one gets it.
      for (const version of [stable, ...before.filter((other) => other !== stable)]) {
        try {
          // The same bytes, not what the file holds by now: a grant is no reason to load other code.
          await this.#replace(plugin, version, 'leaves', () => this.#starter.start(name, version, version.options));
        } catch (error) {
          // One with grants that were taken back must not stay where a rollback or a request's word brings it back.
          if (version !== plugin.stable) this.#discard(plugin, version, error);
          else {
            if (failing === 'goes') await this.#unload(plugin, `it did not start again: ${reasonOf(error)}`, 'finish');
            // A version that was promoted meanwhile: what has come up before it has a grant that is not made.
            else for (const other of without(plugin.versions, before)) this.#discard(plugin, other, error);
            throw error;
          }
        }
      }
    });
  }

  /** A version that does not come up never replaces one that works (invariant 12). */
  async #replace(
    plugin: Plugin,
    previous: PluginVersion,
    old: 'kept' | 'leaves',
    bringUp: () => Promise<PluginVersion>,
  ): Promise<PluginInfo> {
    const { name } = plugin;
    let version: PluginVersion;
    let leaving: PluginVersion[];
    try {
      version = await bringUp();
      leaving = await this.#orTakeDown(version, () => plugin.replace(previous, version, old));
    } catch (error) {
      this.#listener.onReloadFailed(name, error as PluginError);
      throw error;
    }
    const info = describePlugin(name, version);
    this.#listener.onReloaded(info, describePlugin(name, previous));
    for (const one of leaving) this.#departures.letGo(plugin, one);
    return info;
  }

  unload(name: string, { force = false }: UnloadOptions): Promise<void> {
    const plugin = this.#plugins.get(name);
    // At once: an operation that is under way may wait for them, and this one for the operation.
    if (force && plugin !== undefined) this.#departures.abandon(name, plugin.leaving);
    if (force && plugin?.state === 'draining') return this.#locks.run(name, async () => {});
    return this.#locks.run(name, async () => {
      const plugin = this.#plugins.expect(name);
      if (force) await this.#unload(plugin, 'unloadPlugin was called with force', 'abandon');
      else await this.#unload(plugin, 'unloadPlugin was called', 'finish');
    });
  }

  async #unload(plugin: Plugin, reason: string, requests: 'finish' | 'abandon'): Promise<void> {
    const { name, stable } = plugin;
    plugin.enter('draining', reason);
    if (requests === 'abandon') this.#departures.abandon(name, [...plugin.versions, ...plugin.leaving]);
    await this.#end(plugin, 'its requests are done');
    this.guards.forget(name);
    this.#listener.onUnloaded(describePlugin(name, stable));
  }

  /** Ends loads that wait for what is elsewhere, for an engine that closes by force. */
  giveUp(reason: PluginError): void {
    this.#starter.giveUp(reason);
  }

  /** Unloads everything, after the operations that are under way. */
  async close(): Promise<void> {
    await this.#locks.settled();
    const plugins = [...this.#plugins.values()];
    for (const plugin of plugins) plugin.enter('draining', 'the engine closes');
    await Promise.all([
      ...this.#departures.underWay(),
      ...plugins.map((plugin) => this.#end(plugin, 'the engine closes')),
    ]);
    await this.#starter.recorded();
  }

  async #end(plugin: Plugin, reason: string): Promise<void> {
    const versions = plugin.clear().map((version) => this.#departures.leave(plugin, version));
    // Versions that were replaced are still the plugin's, for as long as they have requests.
    await Promise.all([...versions, ...this.#departures.underWay(plugin)]);
    this.#plugins.delete(plugin.name);
    plugin.enter('unloaded', reason);
  }

  /** A version on standby has been kept for long enough, if it is still on standby when its turn comes. */
  #expire(plugin: Plugin, version: PluginVersion): void {
    void this.#locks.run(plugin.name, async () => {
      if (!plugin.expires(version)) return;
      plugin.remove(version);
      this.#departures.letGo(plugin, version);
    });
  }

  /** Removes a version that cannot be kept, whatever it is by now. */
  #discard(plugin: Plugin, version: PluginVersion, error: unknown): void {
    if (version === plugin.canary?.version) plugin.rollback('caller', `it did not start again: ${reasonOf(error)}`);
    plugin.remove(version);
    this.#departures.letGo(plugin, version);
  }

  /** Does something with a version that has just come up; where that is refused, the version goes again. */
  async #orTakeDown<Result>(version: PluginVersion, use: () => Result): Promise<Result> {
    try {
      return use();
    } catch (error) {
      await this.#starter.takeDown(version);
      throw error;
    }
  }
}

function circuitReason({ state, failures, code, version }: CircuitChange): string {
  if (state === 'open') return `version ${version} ${failedHow(failures, code)}`;
  return state === 'closed' ? `version ${version} has answered` : `a request tries version ${version}`;
}

/** What the next version is called, it says itself, unless the caller names it. */
function withoutName({ version: _, ...kept }: LoadOptions): LoadOptions {
  return kept;
}

function without<Item>(items: readonly Item[], others: readonly Item[]): Item[] {
  return items.filter((item) => !others.includes(item));
}

function reasonOf(error: unknown): string {
  return error instanceof PluginError ? `${error.code}: ${error.message}` : describe(error);
}
