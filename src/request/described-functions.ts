import { invalidArgument, knownKeys, nonEmptyString } from '../arguments/arguments.ts';
import type { ArtifactSummary, CallableFunction } from '../artifact/artifact.ts';
import { lowerCamel } from '../component/js-names.ts';
import { type JsonSchema, JsonSchemas } from '../typed-json/json-schema.ts';

/**
 * What `engine.functions` is asked for.
 *
 * @example
 * const options: DescribeOptions = { refs: '#/components/schemas/shop.' };
 * const { functions, definitions } = engine.functions('shop', options);
 */
export interface DescribeOptions {
  /** @default the stable one */
  readonly version?: string;
  /** What stands before the name of a definition where a schema refers to it. @default '#/$defs/' */
  readonly refs?: string;
}

/**
 * A function that a plugin exports, with schemas of what it passes in JSON.
 *
 * @example
 * const { path, params }: DescribedFunction = engine.functions('shop').functions[0]!;
 * console.log(path, params.map(({ name }) => name));
 */
export interface DescribedFunction {
  /** `namespace:package/interface@1.0.0#function`. */
  readonly path: string;
  /** What it takes, in order, under the names that `engine.call` takes with `values: 'json'`. */
  readonly params: readonly { readonly name: string; readonly schema: JsonSchema }[];
  /** Its arguments as one object. */
  readonly args: JsonSchema;
  /** What it returns; undefined when that is nothing. */
  readonly result: JsonSchema | undefined;
  /** Whether it returns a `result`, whose `err` is a value of its own. */
  readonly returns: 'value' | 'result';
}

/**
 * The functions of a plugin that can be called with JSON, and what their schemas refer to.
 *
 * @example
 * const { functions }: DescribedFunctions = engine.functions('shop');
 * console.log(functions.map(({ path }) => path));
 */
export interface DescribedFunctions {
  readonly functions: readonly DescribedFunction[];
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function checkDescribeOptions(options: DescribeOptions): void {
  const { version, refs } = knownKeys('options', options, ['version', 'refs']) as DescribeOptions;
  if (version !== undefined) nonEmptyString('version', version);
  if (refs !== undefined && typeof refs !== 'string') throw invalidArgument('refs', 'a string', refs);
}

/** Describes what a component exports in JSON Schema; functions that pass what JSON cannot write are left out. */
export function describeFunctions({ functions, types }: ArtifactSummary, refs = '#/$defs/'): DescribedFunctions {
  const schemas = new JsonSchemas(types, refs);
  const described = functions.flatMap((func) => describeFunction(func, schemas) ?? []);
  return { functions: described, definitions: Object.fromEntries(schemas.definitions) };
}

function describeFunction(
  { path, params, result, returns, obstacle }: CallableFunction,
  schemas: JsonSchemas,
): DescribedFunction | undefined {
  const typed = params.flatMap(({ name, type }) => (type === undefined ? [] : { name, type }));
  if (obstacle !== undefined || typed.length < params.length) return undefined;
  return {
    path,
    params: typed.map(({ name, type }) => ({ name: lowerCamel(name), schema: schemas.schemaOf(type) })),
    args: schemas.objectOf(typed),
    result: result === undefined ? undefined : schemas.schemaOf(result),
    returns,
  };
}
