import type { PluginResponse } from '../contract/values.ts';
import type { ProcessRequest } from '../request/request.ts';

/** The name under which a plugin under test is loaded. */
export const NAME = 'plugin-under-test';

/** What runs it. */
export interface Runner {
  process(input: string, options: ProcessRequest['options']): Promise<PluginResponse>;
  close(): Promise<void>;
}
