import { PluginError } from '../errors.ts';

/** @throws {PluginError} `ERR_INVALID_RESPONSE` unless `process-batch` has one response for each of its requests. */
export function assertOneEach(responses: readonly unknown[], requests: number): void {
  if (responses.length === requests) return;
  throw new PluginError(
    'ERR_INVALID_RESPONSE',
    `The plugin answered ${requests} requests of a batch with ${responses.length} responses`,
    { hint: 'Have `process-batch` return one response for each request, in their order.' },
  );
}
