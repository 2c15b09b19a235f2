import { deserialize } from 'node:v8';
import type { OpenableFunction, OpenCalls } from '../canonical-abi/runtime/async/open-calls.ts';
import { shownName } from '../component/names.ts';
import type { ContractMatch } from '../contract/match.ts';
import type { FunctionCall, PluginResponse, RequestOptions } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { returnOf } from './function-call.ts';
import { PROCESS_CALLS } from './world-exports.ts';

/** A request, as `process` of a world takes it. */
export interface Request {
  readonly input: string;
  readonly options: RequestOptions;
}

/** How a call ended. */
type BesideAnswer =
  | { readonly kind: 'response'; readonly response: PluginResponse }
  | { readonly kind: 'value'; readonly value: unknown };

/** A call that goes on beside others: what it calls, and what comes of what that returns. */
export interface BesideCall {
  readonly func: OpenableFunction;
  readonly args: readonly unknown[];
  /** @param value Gives what it returned, or throws its `err`. */
  answer(value: () => unknown): BesideAnswer;
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for functions that are not there and arguments that do not fit. */
export function besideCall(
  { world, exportName }: Pick<ContractMatch, 'world' | 'exportName'>,
  calls: OpenCalls,
  request: Request | FunctionCall,
): BesideCall {
  if ('args' in request) {
    const { interface: owner, name, returns } = request;
    const func = found(calls, owner, name);
    const args: unknown[] = deserialize(request.args);
    const misfit = func.misfit(args);
    if (misfit !== undefined) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `The arguments do not fit the function: ${misfit}`, {
        hint: '`wasm-plugin-pool types` writes the types that it takes.',
      });
    }
    return { func, args, answer: (value) => ({ kind: 'value', value: returnOf(returns, value) }) };
  }
  const process = PROCESS_CALLS[world];
  if (process === undefined) throw notExported('process');
  return {
    func: found(calls, exportName, process.name),
    args: process.args(request.input, request.options),
    answer: (value) => ({ kind: 'response', response: process.answer(value) }),
  };
}

function found(calls: OpenCalls, owner: string | undefined, name: string): OpenableFunction {
  const func = calls.find(owner, name);
  if (func === undefined) throw notExported(name);
  return func;
}

function notExported(name: string): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `The component exports no ${shownName(name)}`, {
    hint: 'A `fallback` needs the functions of the plugin that it stands in for.',
  });
}
