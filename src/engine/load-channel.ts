import { CHANNELS } from '../observe/channels.ts';
import type { PluginInfo } from '../registry/plugin-info.ts';

/**
 * What is published when a version of a plugin has come into place.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel';
 * import type { LoadMessage } from 'wasm-plugin-pool';
 *
 * tracingChannel('wasm-plugin-pool:load').asyncEnd.subscribe((message) => {
 *   console.log((message as LoadMessage).plugin.name);
 * });
 */
export interface LoadMessage {
  readonly plugin: PluginInfo;
  /** The version that it replaces; undefined for a plugin that is new. */
  readonly previous: PluginInfo | undefined;
}

/** Publishes that a version has come into place. */
export function publishLoad(plugin: PluginInfo, previous?: PluginInfo): void {
  if (CHANNELS.load.hasSubscribers) CHANNELS.load.publish({ plugin, previous } satisfies LoadMessage);
}
