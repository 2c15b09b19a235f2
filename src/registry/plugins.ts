import { nonEmptyString } from '../arguments/arguments.ts';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { Plugin } from './plugin.ts';
import { describePlugin, type PluginInfo, type PluginRecipe } from './plugin-info.ts';
import { describeImports } from './plugin-version.ts';

/** The plugins by name: those that serve, and those that are loading or draining. */
export class Plugins extends Map<string, Plugin> {
  /** The plugin that serves requests to a name now. */
  find(name: string): Plugin | undefined {
    const plugin = this.get(name);
    return plugin?.serving ? plugin : undefined;
  }

  /** @throws {PluginError} `ERR_PLUGIN_NOT_FOUND`. */
  expect(name: string): Plugin {
    const plugin = this.find(name);
    if (plugin !== undefined) return plugin;
    throw pluginNotFound(
      name,
      this.list().map((other) => other.name),
    );
  }

  get serving(): Plugin[] {
    return [...this.values()].filter(({ serving }) => serving);
  }

  list(): PluginInfo[] {
    return this.serving.map(({ name, stable }) => describePlugin(name, stable));
  }

  /** What the answers of the plugins depend on. */
  recipes(): PluginRecipe[] {
    return this.serving.map(({ name, stable: { lane, component, options, policy } }) => ({
      name,
      sha256: component.sha256,
      config: options.config ?? {},
      policy,
      imports: describeImports(lane.definition.imports),
    }));
  }
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
