import { codeFile } from '../../../package/root.ts';

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
} = Object.freeze({
  // When it is asked for: a program that was bundled may have to say first where the package lies.
  get wasiConfig() {
    return codeFile('src/host/imports/suppliers/wasi-config');
  },
  get wasiLogging() {
    return codeFile('src/host/imports/suppliers/wasi-logging');
  },
});
