import type { Submit } from '../../src/batch/submit.ts';
import type { PluginResponse } from '../../src/contract/values.ts';
import type { PluginError } from '../../src/errors.ts';
import type { ProcessOptions } from '../../src/request/process-options.ts';
import type { ProcessRequest } from '../../src/request/request.ts';

/** What a batch asks for its records, from a function that returns a promise as `engine.process` does. */
export function submitTo(
  process: (plugin: string, request: ProcessRequest, options: ProcessOptions) => Promise<PluginResponse>,
): Submit {
  return (plugin, request, options, listener) => {
    process(plugin, request, options).then(
      (response) => listener.resolve(response),
      (error: PluginError) => listener.reject(error),
    );
    return undefined;
  };
}
