import type { Scheduling } from '../registry/executor.ts';
import type { Plugin } from '../registry/plugin.ts';
import type { PluginVersion } from '../registry/plugin-version.ts';
import type { ProcessOptions } from '../request/process-options.ts';

/** Which version a request goes to, and who hears how it ended. */
export interface VersionChoice {
  readonly version: PluginVersion;
  readonly call: ProcessOptions;
  readonly onOutcome: ReturnType<Plugin['observer']> | undefined;
}

/** Chooses the version for a request. @throws {PluginError} `ERR_PLUGIN_NOT_FOUND` when it names one that is not there. */
export function chooseVersion(
  plugin: Plugin,
  options: ProcessOptions,
  ids: Pick<Scheduling, 'nextRequestId'>,
): VersionChoice {
  if (options.version !== undefined) {
    return { version: plugin.version(options.version), call: options, onOutcome: undefined };
  }
  if (plugin.canary === undefined) return { version: plugin.stable, call: options, onOutcome: undefined };
  const requestId = options.requestId ?? ids.nextRequestId();
  const version = plugin.route(requestId);
  const call = options.requestId === undefined ? { ...options, requestId } : options;
  return { version, call, onOutcome: plugin.observer(version) };
}
