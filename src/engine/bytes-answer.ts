import type { BytesResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { PluginVersion } from '../registry/plugin-version.ts';
import { bytesResponse } from '../request/bytes-call.ts';

/** What a plugin that works on bytes has answered, as its caller gets it; for the books it is an answer, or an error. */
export function bytesAnswer({ lane, policy }: PluginVersion, returned: unknown): BytesResponse {
  try {
    const response = bytesResponse(returned, policy.maxOutputBytes);
    if (!response.success) lane.metrics.refused++;
    return response;
  } catch (error) {
    const { plugin } = lane.definition;
    lane.metrics.answered--;
    lane.metrics.errors.count((error as PluginError).code);
    throw (error as PluginError).with({ plugin, version: lane.version, began: true });
  }
}
