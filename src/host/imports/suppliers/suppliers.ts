import { codeFile } from '../../../package/root.ts';
import type { BackedModule } from '../backed-module.ts';
import { type KeyValueOptions, keyValue } from './keyvalue/key-value.ts';
import type { KeyValueStore } from './keyvalue/store.ts';

/**
 * Modules for `imports` and `engine.provide`, for interfaces of WASI that many components import and that are drafts. None
 * is there unless it is granted by name.
 *
 * @example
 * await engine.loadPlugin('shop', 'shop.wasm', { imports: { 'wasi:config/store': suppliers.wasiConfig } });
 */
export const suppliers: {
  /** `wasi:config/store`, or `wasi:config/runtime` of earlier drafts, from the plugin's own `config`. */
  readonly wasiConfig: URL;
  /** `wasi:logging/logging`, told as the event `plugin:log`; `critical` is told as `error`. */
  readonly wasiLogging: URL;
  /**
   * `wasi:keyvalue` (`store`, `atomics`, `batch`, in both drafts of 0.2.0) on a store: `memoryStore`, `sqliteStore`,
   * `redisStore`, or one of your own. Each plugin has buckets of its own. It gives what `imports` takes.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for options that are none.
   */
  readonly keyValue: (store: KeyValueStore, options?: KeyValueOptions) => Readonly<Record<string, BackedModule>>;
} = Object.freeze({
  keyValue,
  // When it is asked for: a program that was bundled may have to say first where the package lies.
  get wasiConfig() {
    return codeFile('src/host/imports/suppliers/wasi-config');
  },
  get wasiLogging() {
    return codeFile('src/host/imports/suppliers/wasi-logging');
  },
});
