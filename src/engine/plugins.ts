import { knownKeys, nonEmptyString } from '../arguments/arguments.ts';
import type { PluginSource } from '../artifact/source.ts';
import { type HealthCheckOptions, type PluginHealth, resolveHealthCheck } from '../health/health-check.ts';
import type { QuarantinedInput } from '../health/quarantine.ts';
import type { EmbedderImports } from '../host/imports/embedder-imports.ts';
import type { ProvideOptions } from '../host/imports/provided.ts';
import { checkLoadOptions } from '../registry/load-options.ts';
import type { PluginDetails, PluginInfo } from '../registry/plugin-info.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import type { Registry } from '../registry/registry.ts';
import type { UnloadOptions } from '../registry/unload-options.ts';
import { Versions } from '../registry/versions.ts';
import { UNLOADED } from '../session/endings.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Watcher, WatchOptions } from '../watch/watcher.ts';
import type { Announcer } from './announcer.ts';
import type { Life } from './life.ts';

/** What is asked of the registry by somebody whose arguments have to be looked at, while the engine is open. */
export class Plugins {
  readonly #registry: Registry;
  readonly #life: Life;
  readonly #announcer: Announcer;
  readonly #sessions: Sessions;

  constructor(registry: Registry, life: Life, announcer: Announcer, sessions: Sessions) {
    this.#registry = registry;
    this.#life = life;
    this.#announcer = announcer;
    this.#sessions = sessions;
  }

  async load(name: string, source: PluginSource, options: LoadOptions): Promise<PluginInfo> {
    this.#life.assertOpen();
    return this.#registry.load(nonEmptyString('name', name), source, checkLoadOptions(options));
  }

  async reload(name: string, source?: PluginSource, options?: LoadOptions): Promise<PluginInfo> {
    this.#life.assertOpen();
    if (options !== undefined) checkLoadOptions(options);
    return this.#registry.reload(nonEmptyString('name', name), source, options);
  }

  provide(name: string, implementation: EmbedderImports[string], options?: ProvideOptions): void {
    this.#life.assertOpen();
    this.#registry.provided.provide(name, implementation, options);
  }

  async unload(name: string, options: UnloadOptions): Promise<void> {
    this.#life.assertOpen();
    knownKeys('options', options, ['force'] satisfies (keyof UnloadOptions)[]);
    if (options.force) void this.#sessions.endAll(UNLOADED, 'now', name);
    await this.#registry.unload(nonEmptyString('name', name), options);
    await this.#sessions.gone(name);
  }

  async watch(directory: string, options: WatchOptions): Promise<Watcher> {
    this.#life.assertOpen();
    // Like files of records, not loaded by programs that do not use it.
    const { Watcher } = await import('../watch/watcher.ts');
    const watcher = await Watcher.open(directory, options, {
      find: (name) => this.#registry.list().find((plugin) => plugin.name === name),
      load: (name, path, load) => this.load(name, path, load),
      reload: (name, path, load) => this.reload(name, path, load),
      unload: (name) => this.unload(name, {}),
      failed: (name, error) => this.#announcer.tell('plugin:reload-failed', name, error),
      lost: (path, error) => this.#announcer.tell('watcher:lost', path, error),
      found: (path) => this.#announcer.tell('watcher:found', path),
      closed: (ended) => this.#life.forget(ended),
    });
    await this.#life.watches(watcher);
    this.#life.assertOpen();
    return watcher;
  }

  list(): PluginInfo[] {
    return this.#registry.list();
  }

  describe(name: string): PluginDetails | undefined {
    return this.#registry.describe(nonEmptyString('name', name));
  }

  versions(name: string): Versions {
    this.#life.assertOpen();
    return new Versions(this.#registry.expect(nonEmptyString('name', name)).name, () => {
      this.#life.assertOpen();
      return this.#registry;
    });
  }

  async checkHealth(options: HealthCheckOptions): Promise<PluginHealth[]> {
    this.#life.assertOpen();
    return this.#registry.checkHealth(resolveHealthCheck(options));
  }

  quarantined(name: string): QuarantinedInput[] {
    return this.#registry.guards.list(name);
  }

  clearQuarantine(name: string, sha256: string | undefined): number {
    return this.#registry.guards.clear(name, sha256);
  }
}
