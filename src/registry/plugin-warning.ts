/**
 * Something about a version that comes up all the same, and is probably not what was meant.
 *
 * @example
 * engine.on('plugin:warning', ({ plugin, message }: PluginWarning) => console.error(`${plugin}: ${message}`));
 */
export interface PluginWarning {
  readonly plugin: string;
  readonly version: string;
  /** One line. */
  readonly message: string;
}
