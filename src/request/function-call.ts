import { createHash } from 'node:crypto';
import { serialize } from 'node:v8';
import { invalidArgument, nonEmptyString } from '../arguments/arguments.ts';
import type { ArtifactSummary } from '../artifact/artifact.ts';
import { shownName } from '../component/names.ts';
import type { FunctionCall } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import type { PluginFunctions } from './plugin-functions.ts';

type AnyFunction = (...args: never[]) => unknown;

/** The functions of one plugin: what is declared, or any. */
export type FunctionsOf<Name extends string> = Name extends keyof PluginFunctions
  ? PluginFunctions[Name]
  : Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** The arguments of a function. */
export type ArgumentsOf<Func> = Func extends AnyFunction ? Readonly<Parameters<Func>> : never;

/** What a function returns. */
export type ReturnOf<Func> = Func extends AnyFunction ? ReturnType<Func> : never;

/** How many functions an error names. */
const NAMED = 10;
/** Characters of a function's name beyond which nobody mistypes a single one of them. */
const MAX_SLIPS_LOOKED_FOR = 100;

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
  const func = functions.find((candidate) => candidate.path === wanted);
  if (func === undefined) throw noSuchFunction(functions, wanted);
  const { interface: owner, name, params, returns, obstacle } = func;
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
  return { call: { interface: owner, name, returns, args: packed }, input: `${wanted} ${digest}` };
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

function noSuchFunction(functions: ArtifactSummary['functions'], path: string): PluginError {
  const callable = functions.filter(({ obstacle }) => obstacle === undefined).map((func) => func.path);
  const near = callable.filter((candidate) => isNear(candidate, path));
  const named = (near.length > 0 ? near : callable).slice(0, NAMED);
  const names = named.map(shownName).join(', ');
  const more = near.length === 0 && callable.length > NAMED ? ` and ${callable.length - NAMED} more` : '';
  const some = near.length > 0 ? `Is it ${names}?` : `It exports ${names}${more}.`;
  return new PluginError('ERR_INVALID_ARGUMENT', `The component exports no function ${shownName(path)}`, {
    hint: callable.length === 0 ? 'It exports none that can be called.' : some,
  });
}

/** Whether a path may be what was meant: another interface or version of it, or a slip in the function's name. */
function isNear(path: string, meant: string): boolean {
  const [own, wanted] = [ownName(path), ownName(meant)];
  return own === wanted || (wanted.length > 2 && wanted.length <= MAX_SLIPS_LOOKED_FOR && isOneSlip(own, wanted));
}

/** `move` of `local:geometry/shapes@1.0.0#move`, and of what people write for it; without case and dashes. */
function ownName(path: string): string {
  return path
    .slice(Math.max(path.lastIndexOf('#'), path.lastIndexOf('/')) + 1)
    .replaceAll('-', '')
    .toLowerCase();
}

/** Whether one character more, less or different makes one name of the other. */
function isOneSlip(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const [rest, otherRest] = [one.slice(at), other.slice(at)];
  return rest.slice(1) === otherRest.slice(1) || rest.slice(1) === otherRest || rest === otherRest.slice(1);
}
