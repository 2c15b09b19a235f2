import { invalidArgument, knownKeys, nonEmptyString } from '../../arguments/arguments.ts';
import { type EmbedderImports, type Offers, resolveImports } from './embedder-imports.ts';

/**
 * For whom `engine.provide` is.
 *
 * @example
 * const options: ProvideOptions = { plugins: ['shop'] };
 * engine.provide('acme:time/clock', { now: () => BigInt(Date.now()) }, options);
 */
export interface ProvideOptions {
  /** The names of the plugins that get it. @default all */
  readonly plugins?: readonly string[];
}

/** What the embedder supplies to many plugins: what a load names itself comes first. */
export class Provided {
  readonly #offers = new Map<string, { readonly offers: Offers; readonly plugins: ReadonlySet<string> | undefined }>();

  /** Takes the place of what the same name stood for. @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
  provide(name: string, implementation: EmbedderImports[string], options: ProvideOptions = {}): void {
    nonEmptyString('interface', name);
    knownKeys('options', options, ['plugins'] satisfies (keyof ProvideOptions)[]);
    const { plugins } = options;
    if (plugins !== undefined && !Array.isArray(plugins)) {
      throw invalidArgument('options.plugins', 'an array of names of plugins', plugins);
    }
    for (const [at, plugin] of (plugins ?? []).entries()) nonEmptyString(`options.plugins[${at}]`, plugin);
    this.#offers.set(name, {
      offers: resolveImports({ [name]: implementation }),
      plugins: plugins && new Set(plugins),
    });
  }

  /** What a plugin is offered. */
  to(plugin: string): Offers {
    const offered = [...this.#offers.values()].filter(({ plugins }) => plugins === undefined || plugins.has(plugin));
    return new Map(offered.flatMap(({ offers }) => [...offers]));
  }
}
