import { invalidArgument } from '../arguments/arguments.ts';
import type { ProcessOptions } from './process-options.ts';

/**
 * What a caller may say about one call of a function.
 *
 * @example
 * const options = { values: 'json', deadlineMs: 100 } satisfies CallOptions;
 * await engine.call('shop', 'acme:app/pricing#quote', { items: [1, 2] }, options);
 */
export interface CallOptions extends ProcessOptions {
  /**
   * `'json'`: arguments and result are written as JSON can: `u64` and `s64` as texts of digits, bytes in base64, `NaN` and the
   * infinities as texts, none as null. The arguments may then be an object by the names of the parameters.
   * @default 'js'
   */
  readonly values?: 'js' | 'json';
}

/** What a call says, without how its values are written. @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function splitCallOptions({ values = 'js', ...options }: CallOptions): [isJson: boolean, ProcessOptions] {
  if (values !== 'js' && values !== 'json') throw invalidArgument('values', "'js' or 'json'", values);
  return [values === 'json', options];
}
