import { invalidArgument } from '../arguments/arguments.ts';
import type { ArtifactSummary } from '../artifact/artifact.ts';
import { lowerCamel } from '../component/js-names.ts';
import { shownName } from '../component/names.ts';
import { PluginError } from '../errors.ts';
import { fromJson } from '../typed-json/from-json.ts';
import { toJson } from '../typed-json/to-json.ts';
import type { ExportedFunction } from './exported-function.ts';

/** A call with arguments of JSON, as one with arguments of JavaScript. */
export interface JsonCall {
  readonly args: readonly unknown[];
  /** What the function returned, as JSON has it. */
  readonly resultOf: (value: unknown) => unknown;
}

/**
 * Reads the arguments of a function.
 *
 * @param args An array, or an object by the names of the parameters.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function jsonCall(
  types: ArtifactSummary['types'],
  { path, params, result, obstacle }: ExportedFunction,
  args: unknown,
): JsonCall {
  const values = inOrder(
    params.map(({ name }) => lowerCamel(name)),
    args,
  );
  return {
    args: params.map(({ name, type }, at) => {
      if (type === undefined) throw notJson(path, obstacle);
      return fromJson(types, type, values[at], lowerCamel(name));
    }),
    resultOf: (value) => (result === undefined ? null : toJson(types, result, value)),
  };
}

function inOrder(names: readonly string[], args: unknown): readonly unknown[] {
  const shape = `an array of ${names.length}, or an object with ${names.map((name) => `\`${name}\``).join(', ') || 'nothing'}`;
  if (Array.isArray(args)) {
    if (args.length !== names.length) throw invalidArgument('args', shape, args);
    return args;
  }
  if (typeof args !== 'object' || args === null) throw invalidArgument('args', shape, args);
  const unknown = Object.keys(args).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `The function has no argument ${shownName(unknown)}`, {
      hint: `\`args\` is ${shape}.`,
    });
  }
  return names.map((name) => (Object.hasOwn(args, name) ? (args as Record<string, unknown>)[name] : undefined));
}

function notJson(path: string, obstacle = 'it passes a map'): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `${shownName(path)} cannot be called with JSON: ${obstacle}`, {
    hint: 'Values without resources, streams, futures and maps can be written in JSON.',
  });
}
