/**
 * A request that is kept in a file, as the option `record` of its plugin's load says.
 *
 * @example
 * engine.on('plugin:recorded', ({ plugin, requestId, file }: KeptRecording) => console.error(plugin, requestId, file));
 */
export interface KeptRecording {
  readonly plugin: string;
  readonly version: string;
  readonly requestId: string;
  /** Its path. */
  readonly file: string;
}
