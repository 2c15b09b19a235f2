/** The levels of `log-message`; any other word counts as debug. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a guest said to the host during a call. */
export type Utterance =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly kind: 'event'; readonly type: string; readonly payload: string };

/** Options of a request, in the order in which the plugin gets them. */
export type RequestOptions = readonly (readonly [string, string])[];

/** What a plugin answered. */
export interface PluginResponse {
  readonly output: string;
  /** What the plugin says of its own work; `false` is an answer, not an error of the engine. */
  readonly success: boolean;
  readonly errorMessage?: string;
}

/** What a plugin says of itself. Components of the small worlds v1 and v2 say nothing. */
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
}
