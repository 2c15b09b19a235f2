import type { PluginError } from '../errors.ts';
import type { GuardListener } from '../health/guard.ts';
import type { CanaryEvents } from './canary-events.ts';
import type { KeptRecording } from './kept-recording.ts';
import type { PluginInfo } from './plugin-info.ts';
import type { PluginTransition } from './plugin-state.ts';
import type { PluginWarning } from './plugin-warning.ts';

/** What the registry tells of its plugins. */
export interface RegistryListener extends CanaryEvents, Pick<GuardListener, 'onCircuit' | 'onQuarantined'> {
  readonly onState: (transition: PluginTransition) => void;
  readonly onLoaded: (plugin: PluginInfo) => void;
  readonly onReloaded: (plugin: PluginInfo, previous: PluginInfo) => void;
  readonly onReloadFailed: (name: string, error: PluginError) => void;
  readonly onWarning: (warning: PluginWarning) => void;
  readonly onRecorded: (kept: KeptRecording) => void;
  readonly onUnloaded: (plugin: PluginInfo) => void;
}
