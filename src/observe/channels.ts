import { type Channel, channel } from 'node:diagnostics_channel';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';

/**
 * What is published about a request. All messages of one request are the same object, which fills up.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel';
 * import type { RequestMessage } from 'wasm-plugin-pool';
 *
 * tracingChannel('wasm-plugin-pool:request').asyncEnd.subscribe((message) => {
 *   const { plugin, durationMs } = message as RequestMessage;
 *   console.log(plugin, durationMs);
 * });
 */
export interface RequestMessage {
  readonly plugin: string;
  readonly version: string;
  readonly requestId: string;
  /** Milliseconds from `process()` until a worker began; undefined before, and when none did. */
  queueWaitMs?: number;
  /** Milliseconds in the worker; undefined before the end, and when none began. */
  durationMs?: number;
  /** What the plugin answered, in `request:end`. */
  response?: PluginResponse;
  /** Why it was rejected, in `request:error`. */
  error?: PluginError;
}

/** The channels of `node:diagnostics_channel`; `docs/observe.md` documents them. */
export const CHANNELS: Readonly<Record<'load' | 'start' | 'end' | 'error', Channel>> = {
  load: channel('wasm-plugin-pool:plugin:load'),
  start: channel('wasm-plugin-pool:request:start'),
  end: channel('wasm-plugin-pool:request:end'),
  error: channel('wasm-plugin-pool:request:error'),
};
