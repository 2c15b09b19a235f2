/** The levels of `log-message`; any other word counts as debug. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/**
 * How much a line that a plugin logs matters.
 *
 * @example
 * const shown: LogLevel[] = ['warn', 'error'];
 * engine.on('plugin:log', ({ level, message }) => shown.includes(level) && console.error(message));
 */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a guest said to the host during a call. */
export type Utterance =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly kind: 'event'; readonly type: string; readonly payload: string }
  /** Of its calls to the host, for a recording: a `TapeMessage` as JSON. */
  | { readonly kind: 'tape'; readonly text: string };

/**
 * Options of a request, in the order in which the plugin gets them.
 *
 * @example
 * // A key may occur more than once.
 * const options: RequestOptions = [['only', 'email'], ['only', 'phone']];
 * await engine.process('redact', { input: 'mail ada@example.org', options });
 */
export type RequestOptions = readonly (readonly [string, string])[];

/**
 * What a plugin answered.
 *
 * @example
 * const response: PluginResponse = await engine.process('redact', { input: 'mail ada@example.org' });
 * console.log(response.success ? response.output : response.errorMessage);
 */
export interface PluginResponse {
  readonly output: string;
  /** What the plugin says of its own work; `false` is an answer, not an error of the engine. */
  readonly success: boolean;
  readonly errorMessage?: string;
  /** WebAssembly instructions that the call took, where the policy has a `maxInstructions`. */
  readonly instructions?: number;
}

/**
 * What a plugin of the world `plugin-bytes` answered to bytes.
 *
 * @example
 * const sizeOf = ({ output, success }: BytesResponse) => (success ? output.byteLength : 0);
 * console.log(sizeOf(await engine.process('thumbnail', { input: new Uint8Array([1, 2, 3]) })));
 */
export interface BytesResponse {
  /** The caller's own. Empty without success. */
  readonly output: Uint8Array;
  /** `false` for an `err`, which is an answer, not an error of the engine. */
  readonly success: boolean;
  /** The text of the `err`. */
  readonly errorMessage?: string;
}

/**
 * What a plugin says of itself. Components of the small worlds v1 and v2 say nothing.
 *
 * @example
 * const { metadata } = await engine.loadPlugin('redact', 'redact.wasm');
 * const title = ({ name, version }: PluginMetadata) => `${name} ${version}`;
 * if (metadata !== undefined) console.log(title(metadata));
 */
export interface PluginMetadata {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

/** A call of a function that a component exports, instead of `process`. */
export interface FunctionCall {
  /** Its interface as the component has it; undefined when it is in none. */
  readonly interface?: string | undefined;
  readonly name: string;
  readonly returns: 'value' | 'result';
  /** The arguments, as `v8.serialize` writes them. */
  readonly args: Uint8Array;
  /** In a session: a call that may pass resources, with `SessionArguments`, or an end of such, with `SessionDrop`. */
  readonly session?: 'call' | 'drop';
}

/** A resource within a value that crosses threads: the object that stands for it there, and its number in the session. */
export type NumberedResource = readonly [place: object, number: number];

/** What a call in a session takes. */
export interface SessionArguments {
  readonly args: readonly unknown[];
  readonly handles: readonly NumberedResource[];
}

/** Resources that the host lets go of. */
export interface SessionDrop {
  readonly numbers: readonly number[];
}

/** What a call in a session gave. */
export interface SessionReturn {
  readonly value: unknown;
  /** The resources in it, each with the number of its type. */
  readonly handles: readonly (readonly [...NumberedResource, type: number])[];
  /** Numbers of resources that were passed on, and are the host's no more. */
  readonly gone: readonly number[];
}
