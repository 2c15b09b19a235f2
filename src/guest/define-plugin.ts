/**
 * For authors of plugins in TypeScript and JavaScript. This file runs inside of the plugin, on a JavaScript engine without
 * Node's modules, and imports nothing.
 *
 * @module wasm-plugin-pool/plugin
 */

/**
 * Pairs of the contract: options of a request, or entries of a configuration. A key may occur more than once.
 *
 * @example
 * const mask = (config: Pairs) => config.find(([key]) => key === 'mask')?.[1] ?? '*';
 */
export type Pairs = readonly (readonly [key: string, value: string])[];

/**
 * What the host asks of the plugin.
 *
 * @example
 * const shout = ({ input }: PluginRequest) => input.toUpperCase();
 */
export interface PluginRequest {
  readonly input: string;
  readonly options: Pairs;
}

/**
 * What the plugin answers.
 *
 * @example
 * const answer: PluginAnswer = { output: '', success: false, errorMessage: 'no text' };
 */
export interface PluginAnswer {
  readonly output: string;
  readonly success: boolean;
  /** Why there was no success. */
  readonly errorMessage?: string | undefined;
}

/**
 * A plugin, as its author writes it.
 *
 * @example
 * const shout: PluginDefinition = {
 *   name: 'shout',
 *   version: '1.0.0',
 *   description: 'Shouts',
 *   process: ({ input }) => input.toUpperCase(),
 * };
 */
export interface PluginDefinition {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Runs once before the first request. What it throws is why the plugin cannot start. @default nothing */
  readonly initialize?: (config: Pairs) => void;
  /** Answers a request: with its output, or with everything. It may throw a {@link Refusal}. */
  readonly process: (request: PluginRequest) => string | PluginAnswer;
  /** Runs once before the instance ends. @default nothing */
  readonly shutdown?: () => void;
}

/**
 * What a plugin exports as `pluginApi`: the interface `plugin-api` of the contract.
 *
 * @example
 * const api: PluginApi = definePlugin({ name: 'x', version: '1.0.0', description: '', process: ({ input }) => input });
 * api.process({ input: 'a', options: [] }).output;
 */
export interface PluginApi {
  initialize(config: Pairs): void;
  process(request: PluginRequest): PluginAnswer;
  shutdown(): void;
  getMetadata(): { readonly name: string; readonly version: string; readonly description: string };
}

/**
 * Thrown by `process` to answer with `success: false`. Any other error is a bug, and ends the instance.
 *
 * @example
 * export const pluginApi = definePlugin({
 *   name: 'parse',
 *   version: '1.0.0',
 *   description: 'Parses numbers',
 *   process: ({ input }) => {
 *     if (Number.isNaN(Number(input))) throw new Refusal(`not a number: ${input}`);
 *     return String(Number(input));
 *   },
 * });
 */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
}

/**
 * Makes the `pluginApi` that a plugin has to export.
 *
 * @example
 * export const pluginApi = definePlugin({
 *   name: 'shout',
 *   version: '1.0.0',
 *   description: 'Shouts',
 *   process: ({ input }) => input.toUpperCase(),
 * });
 */
export function definePlugin(definition: PluginDefinition): PluginApi {
  const { name, version, description } = definition;
  return {
    initialize: (config) => withReason(() => definition.initialize?.(config)),
    process: (request) => answer(definition, request),
    shutdown: () => withReason(() => definition.shutdown?.()),
    getMetadata: () => ({ name, version, description }),
  };
}

function answer(definition: PluginDefinition, request: PluginRequest): PluginAnswer {
  try {
    const given = definition.process(request);
    return typeof given === 'string' ? { output: given, success: true, errorMessage: undefined } : given;
  } catch (error) {
    if (error instanceof Refusal) return { output: '', success: false, errorMessage: error.message };
    throw error;
  }
}

/** A thrown string is the error of a `result<_, string>`; of an error that is its message. */
function withReason(run: () => void): void {
  try {
    run();
  } catch (error) {
    throw error instanceof Error ? error.message : error;
  }
}
