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
 * What every plugin says of itself, and does at its beginning and its end.
 *
 * @example
 * const life: PluginLife = { name: 'shout', version: '1.0.0', description: 'Shouts' };
 */
export interface PluginLife {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Runs once before the first request. What it throws is why the plugin cannot start. @default nothing */
  readonly initialize?: (config: Pairs) => void;
  /** Runs once before the instance ends. @default nothing */
  readonly shutdown?: () => void;
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
export interface PluginDefinition extends PluginLife {
  /** Answers a request: with its output, or with everything. It may throw a {@link Refusal}. */
  readonly process: (request: PluginRequest) => string | PluginAnswer;
}

/**
 * A plugin for the world `plugin-bytes`, as its author writes it.
 *
 * @example
 * const invert: BytesPluginDefinition = {
 *   name: 'invert',
 *   version: '1.0.0',
 *   description: 'Turns bits over',
 *   processBytes: (input) => input.map((byte) => byte ^ 255),
 * };
 */
export interface BytesPluginDefinition extends PluginLife {
  /** Answers a request. It may throw a {@link Refusal}. */
  readonly processBytes: (input: Uint8Array, options: Pairs) => Uint8Array;
}

/**
 * A plugin for the world `plugin-batch`, as its author writes it.
 *
 * @example
 * const shout: BatchPluginDefinition = {
 *   name: 'shout',
 *   version: '1.0.0',
 *   description: 'Shouts',
 *   processBatch: (requests) => requests.map(({ input }) => input.toUpperCase()),
 * };
 */
export interface BatchPluginDefinition extends PluginLife {
  /** Answers each of the requests, in their order. */
  readonly processBatch: (requests: readonly PluginRequest[]) => readonly (string | PluginAnswer)[];
}

/**
 * What a plugin exports as `pluginApi`: the interface `plugin-api` of the contract.
 *
 * @example
 * const api: PluginApi = definePlugin({ name: 'x', version: '1.0.0', description: '', process: ({ input }) => input });
 * api.process({ input: 'a', options: [] }).output;
 */
export interface PluginApi extends PluginLifeApi {
  process(request: PluginRequest): PluginAnswer;
}

/**
 * What the interfaces of all full worlds have.
 *
 * @example
 * const nameOf = (api: PluginLifeApi) => api.getMetadata().name;
 */
export interface PluginLifeApi {
  initialize(config: Pairs): void;
  shutdown(): void;
  getMetadata(): { readonly name: string; readonly version: string; readonly description: string };
}

/**
 * What a plugin exports as `pluginApiBytes`: the interface `plugin-api-bytes` of the contract.
 *
 * @example
 * const invert = (api: BytesPluginApi, input: Uint8Array) => api.processBytes(input, []);
 */
export interface BytesPluginApi extends PluginLifeApi {
  processBytes(input: Uint8Array, options: Pairs): Uint8Array;
}

/**
 * What a plugin exports as `pluginApiBatch`: the interface `plugin-api-batch` of the contract.
 *
 * @example
 * const outputs = (api: BatchPluginApi) => api.processBatch([{ input: 'a', options: [] }]).map(({ output }) => output);
 */
export interface BatchPluginApi extends PluginLifeApi {
  processBatch(requests: readonly PluginRequest[]): PluginAnswer[];
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
  return { ...lifeOf(definition), process: (request) => answer(definition, request) };
}

/**
 * Makes the `pluginApiBytes` that a plugin for the world `plugin-bytes` has to export.
 *
 * @example
 * export const pluginApiBytes = defineBytesPlugin({
 *   name: 'invert',
 *   version: '1.0.0',
 *   description: 'Turns bits over',
 *   processBytes: (input) => input.map((byte) => byte ^ 255),
 * });
 */
export function defineBytesPlugin(definition: BytesPluginDefinition): BytesPluginApi {
  return {
    ...lifeOf(definition),
    processBytes(input, options) {
      try {
        return definition.processBytes(input, options);
      } catch (error) {
        // A thrown string is the error of a `result`; anything else is a bug.
        throw error instanceof Refusal ? error.message : error;
      }
    },
  };
}

/**
 * Makes the `pluginApiBatch` that a plugin for the world `plugin-batch` has to export.
 *
 * @example
 * export const pluginApiBatch = defineBatchPlugin({
 *   name: 'shout',
 *   version: '1.0.0',
 *   description: 'Shouts',
 *   processBatch: (requests) => requests.map(({ input }) => input.toUpperCase()),
 * });
 */
export function defineBatchPlugin(definition: BatchPluginDefinition): BatchPluginApi {
  return { ...lifeOf(definition), processBatch: (requests) => definition.processBatch(requests).map(whole) };
}

function lifeOf(definition: PluginLife): PluginLifeApi {
  const { name, version, description } = definition;
  return {
    initialize: (config) => withReason(() => definition.initialize?.(config)),
    shutdown: () => withReason(() => definition.shutdown?.()),
    getMetadata: () => ({ name, version, description }),
  };
}

/** An answer of which only the output may be given. */
function whole(given: string | PluginAnswer): PluginAnswer {
  return typeof given === 'string' ? { output: given, success: true, errorMessage: undefined } : given;
}

function answer(definition: PluginDefinition, request: PluginRequest): PluginAnswer {
  try {
    return whole(definition.process(request));
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
