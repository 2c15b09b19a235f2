import type { LogLevel } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { CircuitChange, QuarantineChange } from '../health/guard.ts';
import type { GrantChange } from '../host/policy/capabilities.ts';
import type { ProcessEnd } from '../isolation/host/process-end.ts';
import type { CanaryChange, CanaryDeployment, CanaryPromotion } from '../registry/canary-events.ts';
import type { KeptRecording } from '../registry/kept-recording.ts';
import type { PluginInfo } from '../registry/plugin-info.ts';
import type { PluginTransition } from '../registry/plugin-state.ts';
import type { PluginWarning } from '../registry/plugin-warning.ts';
import type { StuckThread, Termination } from '../scheduler/supervisor-listener.ts';

/**
 * A message from `log-message`, or a line that a plugin wrote to stdout (`info`) or stderr (`warn`).
 *
 * @example
 * engine.on('plugin:log', ({ plugin, level, message }: PluginLog) => console.error(`${level} ${plugin}: ${message}`));
 */
export interface PluginLog {
  readonly plugin: string;
  readonly version: string;
  /** The request during which it was said; undefined while the plugin starts or stops. */
  readonly requestId: string | undefined;
  readonly level: LogLevel;
  /** One line: control characters are escaped, and its length is bounded. */
  readonly message: string;
}

/**
 * What a plugin emitted with `emit-event`.
 *
 * @example
 * engine.on('plugin:event', ({ type, payload }: PluginEvent) => console.log(type, payload));
 */
export interface PluginEvent {
  readonly plugin: string;
  readonly version: string;
  readonly requestId: string | undefined;
  /** One line, like a log message. */
  readonly type: string;
  /** As the plugin wrote it: data from an untrusted source. */
  readonly payload: string;
}

/**
 * The engine's events and what their listeners get.
 *
 * @example
 * const [info, previous] = await new Promise<EngineEvents['plugin:reloaded']>((resolve) => {
 *   engine.once('plugin:reloaded', (...args) => resolve(args));
 * });
 * console.log(`${info.name} is ${info.version}, and was ${previous.version}`);
 */
export interface EngineEvents {
  /** A plugin went from one state to another; told before the event that says what came of it. */
  'plugin:state': [transition: PluginTransition];
  'plugin:loaded': [plugin: PluginInfo];
  'plugin:reloaded': [plugin: PluginInfo, previous: PluginInfo];
  /** A version did not come up, or a watched file could not become a plugin; what was there before stays. */
  'plugin:reload-failed': [name: string, error: PluginError];
  'plugin:unloaded': [plugin: PluginInfo];
  /** A canary got its share of the requests, or another one. */
  'canary:deployed': [deployment: CanaryDeployment];
  /** A canary became the stable version; `reason` says why. */
  'canary:promoted': [promotion: CanaryPromotion];
  /** A canary, or the version promoted last, serves no more; `reason` says why. */
  'canary:rolled-back': [change: CanaryChange];
  /** A version came up in which something is not as it was meant to be: a granted directory does not exist. */
  'plugin:warning': [warning: PluginWarning];
  /** A request is kept in a file: see the option `record` of a load. */
  'plugin:recorded': [kept: KeptRecording];
  'plugin:log': [log: PluginLog];
  'plugin:event': [event: PluginEvent];
  'capability:granted': [change: GrantChange];
  'capability:revoked': [change: GrantChange];
  /** A thread was ended because of what a plugin did. */
  'worker:terminated': [termination: Termination];
  /** Such a thread has not ended within 2 s: it is in what V8 or the system cannot interrupt, and keeps its place. */
  'worker:stuck': [thread: StuckThread];
  /** The process of a group of plugins is gone, and not because the engine closed: see the option `isolation`. */
  'process:ended': [end: ProcessEnd];
  /** A plugin has failed too often in a row: its requests are refused, or go to its fallback. */
  'circuit:open': [change: CircuitChange];
  /** One request tries it again. */
  'circuit:half-open': [change: CircuitChange];
  /** It has answered. */
  'circuit:closed': [change: CircuitChange];
  /** An input has killed too many workers: it is refused from now on. */
  'input:quarantined': [change: QuarantineChange];
  /** A watched directory is gone; its plugins stay loaded. */
  'watcher:lost': [directory: string, error: unknown];
  /** It is there again. */
  'watcher:found': [directory: string];
}
