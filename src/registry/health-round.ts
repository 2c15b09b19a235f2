import type { PluginResponse } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import type { Ask } from '../health/check.ts';
import { examine, type PluginHealth } from '../health/health-check.ts';
import type { ProcessRequest } from '../request/request.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { Plugin } from './plugin.ts';
import type { PluginVersion } from './plugin-version.ts';
import type { VersionStarter } from './version-starter.ts';

/** Asks every plugin at once whether it is well. */
export function checkHealth(
  plugins: readonly Plugin[],
  starter: VersionStarter,
  deadlineMs: number,
): Promise<PluginHealth[]> {
  const asked = plugins.map((plugin) => {
    const { name, stable } = plugin;
    const { lane, options } = stable;
    const ask: Ask = (request) => askServing(plugin, stable, request, starter, deadlineMs);
    return examine({ plugin: name, version: lane.version, check: options.healthCheck, ask }, deadlineMs);
  });
  return Promise.all(asked);
}

/** A request of a health check, for which no other version or plugin may answer. */
async function askServing(
  plugin: Plugin,
  version: PluginVersion,
  request: ProcessRequest,
  starter: VersionStarter,
  deadlineMs: number,
): Promise<PluginResponse> {
  const { lane } = version;
  for (;;) {
    // A check asks when it likes; nothing answers on the lane of a version that has gone meanwhile.
    if (plugin.find(lane.version) !== version) {
      const message = `The version \`${cleanLogLine(lane.version)}\` was unloaded or replaced during the health check`;
      throw new PluginError('ERR_PLUGIN_NOT_FOUND', message, { hint: 'Check again.' });
    }
    const { refusal } = lane.gate ?? {};
    if (refusal !== undefined) throw refusal;
    const response = await starter.ask(lane, request, 'health-check', { deadlineMs });
    // That a fallback is well says nothing about this one: it has answered if the circuit opened in the meantime.
    if ((lane.gate?.circuit ?? 'closed') === 'closed') return response;
  }
}
