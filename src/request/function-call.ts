import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import { invalidArgument, nonEmptyString } from '../arguments/arguments.ts';
import type { ArtifactSummary } from '../artifact/artifact.ts';
import { shownName } from '../component/names.ts';
import type { FunctionCall } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { exportedFunction } from './exported-function.ts';
import type { PluginFunctions } from './plugin-functions.ts';

type AnyFunction = (...args: never[]) => unknown;

/**
 * The functions of one plugin: what is declared, or any.
 *
 * @example
 * // What `wasm-plugin-pool types` has written of the plugin:
 * declare module 'wasm-plugin-pool' {
 *   interface PluginFunctions {
 *     adder: { add: (a: number, b: number) => number };
 *   }
 * }
 * type Adder = FunctionsOf<'adder'>;
 */
export type FunctionsOf<Name extends string> = Name extends keyof PluginFunctions
  ? PluginFunctions[Name]
  : Readonly<Record<string, (...args: unknown[]) => unknown>>;

/**
 * The arguments of a function.
 *
 * @example
 * const args: ArgumentsOf<(items: number[], currency: string) => number> = [[1, 2], 'EUR'];
 * await engine.call('till', 'acme:app/pricing/quote', args);
 */
export type ArgumentsOf<Func> = Func extends AnyFunction ? Readonly<Parameters<Func>> : never;

/**
 * What a function returns.
 *
 * @example
 * const total: ReturnOf<(items: number[]) => number> = 3;
 */
export type ReturnOf<Func> = Func extends AnyFunction ? ReturnType<Func> : never;

/** A call in the form in which it crosses into a worker. */
export interface PreparedCall {
  readonly call: FunctionCall;
  /** Equal for equal calls: what `input` is for requests. */
  readonly input: string;
}

/**
 * Finds a function among those that a component exports, and packs its arguments.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when there is none, when it cannot be called from outside of its thread,
 * or for arguments that are too many, too few or cannot cross threads. Their types show in the worker.
 */
export function prepareCall(functions: ArtifactSummary['functions'], path: unknown, args: unknown): PreparedCall {
  const wanted = nonEmptyString('path', path);
  const { path: found, interface: owner, name, params, returns, obstacle } = exportedFunction(functions, wanted);
  if (obstacle !== undefined) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${shownName(wanted)} cannot be called from outside: ${obstacle}`, {
      hint: 'Values without resources, streams and futures can cross threads; export a function that takes those.',
    });
  }
  if (!Array.isArray(args) || args.length !== params) {
    throw invalidArgument('args', `an array of ${params} arguments`, args);
  }
  const packed = pack(args);
  const digest = createHash('sha256').update(packed).digest('hex');
  return { call: { interface: owner, name, returns, args: packed }, input: `${found} ${digest}` };
}

function pack(args: readonly unknown[]): Uint8Array {
  try {
    return serialize(args);
  } catch (error) {
    throw new PluginError('ERR_INVALID_ARGUMENT', 'The arguments have a value that cannot cross threads', {
      hint: 'Pass plain values: no functions, symbols, class instances with behaviour or shared memory.',
      cause: error,
    });
  }
}
