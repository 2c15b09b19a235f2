/** What the host offers: `host-api` of wit/plugin-system.wit. */
declare module 'toolsku:plugin-system/host-api@1.0.0' {
  /** @throws a string when the host refuses, for instance because there were too many. */
  export function logMessage(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
  /** A value of the configuration that the plugin was loaded with. */
  export function getConfig(key: string): string | undefined;
  /** @throws a string when the host refuses. */
  export function emitEvent(eventType: string, payload: string): void;
}
