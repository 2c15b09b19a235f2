import { PluginError } from '../errors.ts';
import type { ThreadClass } from '../pool/thread-class.ts';
import type { ThreadDied } from '../thread/thread.ts';

/** The error of a request whose thread died of itself. */
export function deathError({ heapBytes }: ThreadClass, death: ThreadDied['death'], cause: unknown): PluginError {
  if (death !== 'out-of-memory') {
    return new PluginError('ERR_WORKER_CRASHED', 'The worker thread died while it ran the request', { cause });
  }
  const limit = { name: 'heapBytes', value: heapBytes };
  return new PluginError(
    'ERR_MEMORY_LIMIT',
    `The host's part of the plugin's work needed more than ${limit.value} bytes of JavaScript heap`,
    {
      limit,
      hint: 'Let the plugin return less at a time; a larger `maxOutputBytes` in its policy also gets it a larger heap.',
      cause,
    },
  );
}
