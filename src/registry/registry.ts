import { nonEmptyString } from '../arguments/arguments.ts';
import type { PluginSource } from '../artifact/source.ts';
import type { PluginResponse } from '../contract/values.ts';
import { describe, PluginError } from '../errors.ts';
import type { Ask } from '../health/check.ts';
import { failedHow } from '../health/failure-policy.ts';
import type { CircuitChange, GuardListener } from '../health/guard.ts';
import { Guards } from '../health/guards.ts';
import { examine, type PluginHealth } from '../health/health-check.ts';
import type { CapabilityManager } from '../host/policy/capabilities.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import type { ProcessRequest } from '../request/request.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { CanaryEvents } from './canary-events.ts';
import type { Executor, Scheduling } from './executor.ts';
import { NameLocks } from './name-locks.ts';
import { Plugin } from './plugin.ts';
import { describePlugin, type PluginDetails, type PluginInfo, type PluginRecipe } from './plugin-info.ts';
import type { PluginTransition } from './plugin-state.ts';
import { describeVersion, type LoadOptions, type PluginVersion, type VersionInfo } from './plugin-version.ts';
import type { PluginWarning } from './plugin-warning.ts';
import { VersionStarter } from './version-starter.ts';

/** How a plugin is unloaded. */
export interface UnloadOptions {
  /**
   * Fail what is queued and running with `ERR_PLUGIN_NOT_FOUND` instead of finishing it first. Also hurries an unload
   * that is under way. @default false
   */
  readonly force?: boolean;
}

/** What the registry tells of its plugins. */
export interface RegistryListener extends CanaryEvents, Pick<GuardListener, 'onCircuit' | 'onQuarantined'> {
  readonly onState: (transition: PluginTransition) => void;
  readonly onLoaded: (plugin: PluginInfo) => void;
  readonly onReloaded: (plugin: PluginInfo, previous: PluginInfo) => void;
  readonly onReloadFailed: (name: string, error: PluginError) => void;
  readonly onWarning: (warning: PluginWarning) => void;
  readonly onUnloaded: (plugin: PluginInfo) => void;
}

/**
 * The loaded plugins by name. Operations that add or remove versions of one name run one after the other; requests
 * never wait for them, because a version is either in place with everything it needs or it is not there. Which version
 * serves is changed at once, also while such an operation is under way.
 */
export class Registry {
  readonly #starter: VersionStarter;
  readonly #scheduler: Scheduling;
  readonly #listener: RegistryListener;
  readonly #keepWarmMs: number;
  readonly #plugins = new Map<string, Plugin>();
  readonly #locks = new NameLocks();
  /** What stands before the plugins that have a failure policy. */
  readonly guards: Guards;
  /** Versions that serve no more and still finish what they began. */
  readonly #leaving = new Map<Promise<void>, Plugin>();

  constructor(executor: Executor, capabilities: CapabilityManager, keepWarmMs: number, listener: RegistryListener) {
    const { scheduler } = executor;
    this.#scheduler = scheduler;
    this.#keepWarmMs = keepWarmMs;
    this.#listener = listener;
    this.guards = new Guards({
      onCircuit: (change) => {
        this.#plugins.get(change.plugin)?.review(circuitReason(change));
        listener.onCircuit(change);
      },
      onQuarantined: listener.onQuarantined,
      onOpened: (lane) => scheduler.reroute(lane),
      find: (plugin, version) => this.get(plugin)?.find(version)?.lane,
    });
    this.#starter = new VersionStarter(executor, capabilities, this.guards, listener.onWarning);
  }

  /** The plugin that serves requests to a name now. */
  get(name: string): Plugin | undefined {
    const plugin = this.#plugins.get(name);
    return plugin?.serving ? plugin : undefined;
  }

  /** @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`. */
  expect(name: string): Plugin {
    const plugin = this.get(name);
    if (plugin !== undefined) return plugin;
    throw pluginNotFound(
      name,
      this.list().map((other) => other.name),
    );
  }

  list(): PluginInfo[] {
    return [...this.#plugins.values()]
      .filter(({ serving }) => serving)
      .map(({ name, stable }) => describePlugin(name, stable));
  }

  /** What the answers of the plugins depend on. */
  recipes(): PluginRecipe[] {
    return [...this.#plugins.values()]
      .filter(({ serving }) => serving)
      .map(({ name, stable: { component, options, policy } }) => ({
        name,
        sha256: component.sha256,
        config: options.config ?? {},
        policy,
      }));
  }

  /** What there is to know of a plugin, also while it is loading or draining. */
  describe(name: string): PluginDetails | undefined {
    return this.#plugins.get(name)?.describe();
  }

  load(name: string, source: PluginSource, options: LoadOptions): Promise<PluginInfo> {
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

  reload(name: string, source: PluginSource | undefined, options: LoadOptions | undefined): Promise<PluginInfo> {
    return this.#locks.run(name, () => {
      const plugin = this.expect(name);
      const { stable } = plugin;
      const bringUp = () =>
        this.#starter.bringUp(name, source ?? stable.source, options ?? withoutName(stable.options));
      return this.#replace(plugin, stable, 'kept', bringUp);
    });
  }

  /** Makes a version ready that serves nothing but the requests that name it. */
  loadVersion(name: string, source: PluginSource, options: LoadOptions | undefined): Promise<VersionInfo> {
    return this.#locks.run(name, async () => {
      const plugin = this.expect(name);
      const version = await this.#starter.bringUp(name, source, options ?? withoutName(plugin.stable.options));
      const displaced = await this.#orTakeDown(version, () => plugin.add(version));
      if (displaced !== undefined) this.#letGo(plugin, displaced);
      return describeVersion(version, 'standby');
    });
  }

  unloadVersion(name: string, versionName: string): Promise<void> {
    return this.#locks.run(name, async () => {
      const plugin = this.expect(name);
      const version = plugin.version(versionName);
      plugin.remove(version);
      await this.#leave(plugin, version);
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
      const plugin = this.get(name);
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
    for (const one of leaving) this.#letGo(plugin, one);
    return info;
  }

  unload(name: string, { force = false }: UnloadOptions): Promise<void> {
    const plugin = this.#plugins.get(name);
    // At once: an operation that is under way may wait for them, and this one for the operation.
    if (force && plugin !== undefined) this.#abandon(name, plugin.leaving);
    if (force && plugin?.state === 'draining') return this.#locks.run(name, async () => {});
    return this.#locks.run(name, async () => {
      const plugin = this.expect(name);
      if (force) await this.#unload(plugin, 'unloadPlugin was called with force', 'abandon');
      else await this.#unload(plugin, 'unloadPlugin was called', 'finish');
    });
  }

  async #unload(plugin: Plugin, reason: string, requests: 'finish' | 'abandon'): Promise<void> {
    const { name, stable } = plugin;
    plugin.enter('draining', reason);
    if (requests === 'abandon') this.#abandon(name, [...plugin.versions, ...plugin.leaving]);
    await this.#end(plugin, 'its requests are done');
    this.guards.forget(name);
    this.#listener.onUnloaded(describePlugin(name, stable));
  }

  #abandon(name: string, versions: readonly PluginVersion[]): void {
    for (const { lane } of versions) {
      this.#scheduler.abandon(lane, (job) =>
        job.error('ERR_PLUGIN_NOT_FOUND', `The plugin \`${cleanLogLine(name)}\` was unloaded by force`),
      );
    }
  }

  /** Asks every plugin at once whether it is well. */
  checkHealth(deadlineMs: number): Promise<PluginHealth[]> {
    const serving = [...this.#plugins.values()].filter((plugin) => plugin.serving);
    const asked = serving.map((plugin) => {
      const { name, stable } = plugin;
      const { lane, options } = stable;
      const ask: Ask = (request) => this.#askServing(plugin, stable, request, { deadlineMs });
      return examine({ plugin: name, version: lane.version, check: options.healthCheck, ask }, deadlineMs);
    });
    return Promise.all(asked);
  }

  /** A request of a health check, for which no other version or plugin may answer. */
  async #askServing(
    plugin: Plugin,
    version: PluginVersion,
    request: ProcessRequest,
    deadline: Pick<ProcessOptions, 'deadlineMs'>,
  ): Promise<PluginResponse> {
    const { lane } = version;
    for (;;) {
      // A check asks when it likes; nothing answers on the lane of a version that has gone meanwhile.
      if (plugin.find(lane.version) !== version) {
        const message = `The version \`${cleanLogLine(lane.version)}\` was unloaded or replaced during the health check`;
        throw new PluginError('ERR_PLUGIN_NOT_FOUND', message, { hint: 'Check again.' });
      }
      const { refusal } = lane.gate ?? {};
      if (refusal !== undefined) throw refusal;
      const response = await this.#starter.ask(lane, request, 'health-check', deadline);
      // That a fallback is well says nothing about this one: it has answered if the circuit opened in the meantime.
      if ((lane.gate?.circuit ?? 'closed') === 'closed') return response;
    }
  }

  /** Unloads everything, after the operations that are under way. */
  async close(): Promise<void> {
    await this.#locks.settled();
    const plugins = [...this.#plugins.values()];
    for (const plugin of plugins) plugin.enter('draining', 'the engine closes');
    await Promise.all([...this.#leaving.keys(), ...plugins.map((plugin) => this.#end(plugin, 'the engine closes'))]);
  }

  async #end(plugin: Plugin, reason: string): Promise<void> {
    const versions = plugin.clear().map((version) => this.#leave(plugin, version));
    // Versions that were replaced are still the plugin's, for as long as they have requests.
    const replaced = [...this.#leaving].filter(([, owner]) => owner === plugin).map(([gone]) => gone);
    await Promise.all([...versions, ...replaced]);
    this.#plugins.delete(plugin.name);
    plugin.enter('unloaded', reason);
  }

  /** A version on standby has been kept for long enough, if it is still on standby when its turn comes. */
  #expire(plugin: Plugin, version: PluginVersion): void {
    void this.#locks.run(plugin.name, async () => {
      if (!plugin.expires(version)) return;
      plugin.remove(version);
      this.#letGo(plugin, version);
    });
  }

  /** Removes a version that cannot be kept, whatever it is by now. */
  #discard(plugin: Plugin, version: PluginVersion, error: unknown): void {
    if (version === plugin.canary?.version) plugin.rollback('caller', `it did not start again: ${reasonOf(error)}`);
    plugin.remove(version);
    this.#letGo(plugin, version);
  }

  /** Not awaited: its requests may take long, and others serve already. */
  #letGo(plugin: Plugin, version: PluginVersion): void {
    const leaving = this.#leave(plugin, version).finally(() => this.#leaving.delete(leaving));
    this.#leaving.set(leaving, plugin);
  }

  async #leave(plugin: Plugin, version: PluginVersion): Promise<void> {
    plugin.leaves(version);
    await this.#scheduler.drain(version.lane);
    plugin.left(version);
    await this.#scheduler.close(version.lane);
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

/**
 * `ERR_PLUGIN_NOT_FOUND`, with what is there instead.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when it is no name at all.
 */
function pluginNotFound(name: string, loaded: readonly string[]): PluginError {
  nonEmptyString('name', name);
  // A name may come from whoever called the caller: what is made to be logged is one line (invariant 11).
  const names = loaded.slice(0, 10).map(cleanLogLine).join(', ');
  return new PluginError('ERR_PLUGIN_NOT_FOUND', `No plugin is loaded as \`${cleanLogLine(name)}\``, {
    plugin: name,
    hint: loaded.length === 0 ? 'Load it first with `loadPlugin`.' : `Loaded are: ${names}.`,
  });
}
