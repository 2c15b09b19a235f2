import { invalidArgument } from '../arguments/arguments.ts';
import { PluginError } from '../errors.ts';
import { checkOwnBuffer } from './own-buffer.ts';
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
  /**
   * Where the bytes are put that the function returns, a `list<u8>` or the `ok` of a `result`: what comes back is a part of this
   * array, from its beginning, and nothing is allocated. More bytes than it has room for come in an array of their own. Until the
   * call settles, nothing else may be in it.
   * @default they come in an array of their own
   */
  readonly into?: Uint8Array;
}

/** How the values of a call pass, and what else it says. */
export interface SplitCallOptions {
  readonly values: 'js' | 'json';
  readonly into: Uint8Array | undefined;
  readonly others: ProcessOptions;
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function splitCallOptions({ values = 'js', into, ...others }: CallOptions): SplitCallOptions {
  if (values !== 'js' && values !== 'json') throw invalidArgument('values', "'js' or 'json'", values);
  if (into === undefined) return { values, into, others };
  checkOwnBuffer(into);
  if (values === 'js') return { values, into, others };
  throw new PluginError('ERR_INVALID_ARGUMENT', '`into` cannot be used with values of JSON, which have bytes as text', {
    hint: 'Leave out `into` or `values`.',
  });
}
