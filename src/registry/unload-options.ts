/**
 * How a plugin is unloaded.
 *
 * @example
 * const options: UnloadOptions = { force: true };
 * await engine.unloadPlugin('redact', options);
 */
export interface UnloadOptions {
  /**
   * Fail what is queued and running with `ERR_PLUGIN_NOT_FOUND` instead of finishing it first. Also hurries an unload
   * that is under way. @default false
   */
  readonly force?: boolean;
}
