import type { MessagePort } from 'node:worker_threads';
import type { PluginDefinition } from '../artifact/definition.ts';
import type { WireError } from '../errors.ts';

/** The levels of `log-message`; any other word counts as debug. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a guest said to the host during a call. */
export type Utterance =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly kind: 'event'; readonly type: string; readonly payload: string };

/** How the log line begins, at the level `warn`, that says why a `shutdown` failed: no caller waits for that. */
export const SHUTDOWN_FAILED = 'shutdown failed: ';

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

/** A request that does not fit into the mailbox. */
export interface LargeRequest {
  readonly input: string;
  readonly options: RequestOptions;
  readonly call?: FunctionCall;
}

/** A task for a plugin worker, as Piscina brings it. */
export type WorkerTask =
  | {
      /** The first task: where the two threads meet. */
      readonly kind: 'hello';
      readonly mailbox: SharedArrayBuffer;
      readonly utterances: SharedArrayBuffer;
      readonly port: MessagePort;
      /** The thread's stack, which `ERR_STACK_OVERFLOW` names. */
      readonly stackBytes: number;
      /** See `clockOffset` in `src/observe/clock.ts`; the main thread's. */
      readonly clockOffset: number;
    }
  | {
      /** Carry out the orders in the mailbox until none has come for a while. */
      readonly kind: 'shift';
    };

/** What an order needs beside what stands in the mailbox; posted through the port before the order. */
export interface Parcel {
  /** The definition, the first time that this worker meets it. */
  readonly define?: PluginDefinition;
  /** Where this worker counts for the definition, posted with it; none when nothing is counted. */
  readonly tally?: SharedArrayBuffer;
  /** Requests that do not fit into the mailbox, by slot. */
  readonly large?: ReadonlyMap<number, LargeRequest>;
}

/** What a worker posts through its port; every message comes before the slot that it belongs to is done. */
export type WorkerMessage =
  | {
      /** There are results, or the order is done. */
      readonly kind: 'wake';
    }
  | { readonly kind: 'response'; readonly slot: number; readonly response: PluginResponse }
  /** What a {@link FunctionCall} returned. */
  | { readonly kind: 'value'; readonly slot: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly slot: number; readonly error: WireError }
  | { readonly kind: 'metadata'; readonly slot: number; readonly metadata: PluginMetadata | undefined };
