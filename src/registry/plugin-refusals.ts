import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';

/** `ERR_NO_CANARY`. @param nor What there is not either. */
export function noCanary(plugin: string, nor?: string): PluginError {
  const message = `The plugin \`${cleanLogLine(plugin)}\` has no canary${nor === undefined ? '' : `, ${nor}`}`;
  return new PluginError('ERR_NO_CANARY', message, {
    plugin,
    hint: 'Load a version with `versions(name).load` and give it a share with `deployCanary`.',
  });
}

/** `ERR_INVALID_ARGUMENT`, for what cannot be done with a version as it is. */
export function refused(plugin: string, message: string, hint?: string): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', message, { plugin, hint });
}
