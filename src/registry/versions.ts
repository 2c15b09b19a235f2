import { invalidArgument, knownKeys, nonEmptyString } from '../arguments/arguments.ts';
import type { PluginSource } from '../artifact/source.ts';
import { type DecisionOptions, resolveDecision } from './decision.ts';
import type { Plugin } from './plugin.ts';
import type { LoadOptions, VersionInfo } from './plugin-version.ts';
import type { Registry } from './registry.ts';

/**
 * How a canary is tried out.
 *
 * @example
 * const options: CanaryOptions = { decide: { maxErrorRateIncrease: 0.01 } };
 * engine.versions('redact').deployCanary('2.0.0', 10, options);
 */
export interface CanaryOptions {
  /** Thresholds by which the canary is promoted or rolled back without being asked. @default a caller decides */
  readonly decide?: DecisionOptions;
}

/**
 * The versions of one plugin, and which of them serves. What changes that takes effect with the next request; requests
 * that were routed before finish where they are (invariant 12).
 *
 * Every method fails with `ERR_PLUGIN_NOT_FOUND` while no plugin is loaded under the name, and with `ERR_ENGINE_CLOSED`
 * once the engine is closed.
 *
 * @example
 * const versions: Versions = engine.versions('redact');
 * await versions.load('redact-2.wasm', { version: '2.0.0' });
 * versions.deployCanary('2.0.0', 10);
 * versions.promoteCanary();
 */
export class Versions {
  /** The name of the plugin. */
  readonly plugin: string;
  readonly #open: () => Registry;

  /** @param open The registry, as long as the engine is open. */
  constructor(plugin: string, open: () => Registry) {
    this.plugin = plugin;
    this.#open = open;
  }

  /**
   * All that are loaded, in the order in which they were.
   *
   * @example
   * console.log(engine.versions('redact').list().map(({ version, role }) => `${version}: ${role}`));
   */
  list(): readonly VersionInfo[] {
    return this.#plugin.describe().versions;
  }

  /**
   * Makes a version ready beside the stable one: it gets the requests that name it, and no others.
   *
   * @param options @default those of the stable version, but for its name
   * @throws {PluginError} as `loadPlugin`; `ERR_INVALID_ARGUMENT` when a version of its name serves.
   *
   * @example
   * await engine.versions('redact').load('redact-2.wasm', { version: '2.0.0' });
   */
  async load(source: PluginSource, options?: LoadOptions): Promise<VersionInfo> {
    return this.#open().loadVersion(this.plugin, source, options);
  }

  /**
   * Unloads a version that does not serve, after its requests are done.
   *
   * @example
   * await engine.versions('redact').unload('1.0.0');
   */
  async unload(version: string): Promise<void> {
    return this.#open().unloadVersion(this.plugin, nonEmptyString('version', version));
  }

  /**
   * Gives a loaded version a share of the requests, chosen by the hash of their ids. The same id always meets the same
   * version while the percentage is the same, and a higher percentage takes ids from the stable version only.
   *
   * @param percentage From 0 to 100; fractions are fine.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` when the plugin has a canary already.
   *
   * @example
   * engine.versions('redact').deployCanary('2.0.0', 10, { decide: { maxErrorRateIncrease: 0.01 } });
   */
  deployCanary(version: string, percentage: number, options: CanaryOptions = {}): void {
    const { decide } = knownKeys('options', options, ['decide']) as CanaryOptions;
    this.#plugin.deployCanary(
      nonEmptyString('version', version),
      assertPercentage(percentage),
      decide && resolveDecision(decide),
    );
  }

  /**
   * Changes the canary's share. What its thresholds have measured so far is forgotten. @throws `ERR_NO_CANARY`
   *
   * @example
   * engine.versions('redact').setCanaryPercentage(50);
   */
  setCanaryPercentage(percentage: number): void {
    this.#plugin.setCanaryPercentage(assertPercentage(percentage));
  }

  /**
   * The version that serves a request with this id.
   *
   * @example
   * console.log(engine.versions('redact').route('r-42')); // the version that this request would go to
   */
  route(requestId: string): string {
    return this.#plugin.route(nonEmptyString('requestId', requestId)).lane.version;
  }

  /**
   * Makes the canary the stable version. The old one stays ready for `keepWarmMs`: until then, {@link rollback} returns
   * to it.
   *
   * @returns The name of the old stable version.
   * @throws {PluginError} `ERR_NO_CANARY`.
   *
   * @example
   * console.log(engine.versions('redact').promoteCanary(), 'serves now');
   */
  promoteCanary(): string {
    return this.#plugin.promoteCanary('caller', 'promoteCanary was called').lane.version;
  }

  /**
   * Ends the canary: all requests are the stable version's again. Without a canary, returns to the version that was
   * stable before the last promotion or reload, if that is still ready.
   *
   * @returns The name of the version that was rolled back; it stays ready for `keepWarmMs`.
   * @throws {PluginError} `ERR_NO_CANARY` when there is neither.
   *
   * @example
   * console.log(engine.versions('redact').rollback(), 'serves again');
   */
  rollback(): string {
    return this.#plugin.rollback('caller', 'rollback was called').lane.version;
  }

  get #plugin(): Plugin {
    return this.#open().expect(this.plugin);
  }
}

function assertPercentage(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100)) {
    throw invalidArgument('percentage', 'a number from 0 to 100', value);
  }
  return value;
}
