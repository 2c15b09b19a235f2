/** Something about a version that comes up all the same, and is probably not what was meant. */
export interface PluginWarning {
  readonly plugin: string;
  readonly version: string;
  /** One line. */
  readonly message: string;
}
