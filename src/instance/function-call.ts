import { deserialize } from 'node:v8';
import { Misfit } from '../canonical-abi/runtime/misfit.ts';
import { lowerCamel } from '../canonical-abi/runtime/names.ts';
import { shownName } from '../component/names.ts';
import type { FunctionCall } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { isWitError } from './wit-error.ts';

/** What the codecs of the direct binding say of a value that is of another type than the function takes. */
const MISFIT = /^Expected /;

/**
 * Calls a function among the exports of an instance, which has them in the shapes of jco: in camel case, with the `err`
 * of a `result` as the own property `payload` of an exception.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for arguments of other types, and whatever else ends the call.
 */
export function callFunction(
  exports: Readonly<Record<string, unknown>>,
  { interface: owner, name, returns, args }: FunctionCall,
): unknown {
  const scope = owner === undefined ? exports : (own(exports, owner) as Readonly<Record<string, unknown>>);
  const func = own(scope, lowerCamel(name)) as (...values: unknown[]) => unknown;
  const values: unknown[] = deserialize(args);
  return returnOf(returns, () => func(...values));
}

/** What a function returns, as its caller gets it; a `result` as `{tag: 'ok' | 'err', val}`. */
export function returnOf(returns: FunctionCall['returns'], call: () => unknown): unknown {
  try {
    const value = call();
    return returns === 'result' ? { tag: 'ok', val: value } : value;
  } catch (error) {
    if (returns === 'result' && isWitError(error)) return { tag: 'err', val: error.payload };
    if (!(error instanceof Misfit || (error instanceof TypeError && MISFIT.test(error.message)))) throw error;
    throw new PluginError('ERR_INVALID_ARGUMENT', `The arguments do not fit the function: ${error.message}`, {
      hint: '`wasm-plugin-pool types` writes the types that it takes.',
      cause: error,
    });
  }
}

/** A component chooses the names of its exports; one that stands in for another may not have all of that one's. */
function own(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(exports, name)) return exports[name];
  throw new PluginError('ERR_INVALID_ARGUMENT', `The component exports no ${shownName(name)}`, {
    hint: 'A `fallback` needs the functions of the plugin that it stands in for.',
  });
}
