import type { ExternType, FuncType, InstanceType, Labelled, ValueType } from '../component/types.ts';

/*
 * The contract of `wit/` as data; a test holds the two together.
 */

/** The package of the contract, and the major version that this host speaks. */
export const CONTRACT_PACKAGE = 'toolsku:plugin-system';
export const CONTRACT_MAJOR = 1;

/**
 * A world of the contract: what a plugin exports, and what it may import.
 *
 * @example
 * const { world } = await engine.loadPlugin('redact', 'redact.wasm');
 * const hasOptions = (implemented: World) => implemented !== 'plugin-v1';
 * console.log(world !== 'none' && hasOptions(world));
 */
export type World = 'plugin-world' | 'plugin-v1' | 'plugin-v2' | 'plugin-bytes' | 'plugin-batch';

/** A world, by the interface that it exports. */
export interface WorldContract {
  readonly world: World;
  readonly interface: string;
  readonly type: InstanceType;
}

const string: ValueType = { kind: 'string' };
const list = (element: ValueType): ValueType => ({ kind: 'list', element, length: undefined });
const pairs = list({ kind: 'tuple', elements: [string, string] });
const fallible = (ok?: ValueType): ValueType => ({ kind: 'result', ok, error: string });
const option = (some: ValueType): ValueType => ({ kind: 'option', some });

function labels(types: Readonly<Record<string, ValueType>>): Labelled[] {
  return Object.entries(types).map(([name, type]) => ({ name, type }));
}

function record(fields: Readonly<Record<string, ValueType>>): ValueType {
  return { kind: 'record', fields: labels(fields) };
}

function func(params: Readonly<Record<string, ValueType>>, result: ValueType): FuncType {
  return { kind: 'func', async: false, params: labels(params), result };
}

function instance(exports: Readonly<Record<string, ExternType>>): InstanceType {
  return { kind: 'instance', exports: new Map(Object.entries(exports)) };
}

const request = record({ input: string, options: pairs });
const response = record({ output: string, success: { kind: 'bool' }, 'error-message': option(string) });
const metadata = record({ name: string, version: string, description: string });

const bytes = list({ kind: 'u8' });

/** The interface of a full world: the function that does its work, in the life of a plugin. Errors name what differs in this order. */
function lifecycleWith(work: Readonly<Record<string, FuncType>>): InstanceType {
  return instance({
    initialize: func({ config: pairs }, fallible()),
    ...work,
    shutdown: func({}, fallible()),
    'get-metadata': func({}, metadata),
  });
}

const pluginApi = lifecycleWith({ process: func({ req: request }, response) });

const pluginApiBytes = lifecycleWith({
  'process-bytes': func({ input: bytes, options: pairs }, fallible(bytes)),
});

const pluginApiBatch = lifecycleWith({
  'process-batch': func({ requests: list(request) }, list(response)),
});

const pluginApiV1 = instance({ process: func({ input: string }, string) });

const pluginApiV2 = instance({ process: func({ input: string, options: pairs }, fallible(string)) });

/** The worlds that a plugin may implement; where it implements several, the first of them is used. */
export const WORLDS: readonly WorldContract[] = [
  { world: 'plugin-bytes', interface: 'plugin-api-bytes', type: pluginApiBytes },
  { world: 'plugin-batch', interface: 'plugin-api-batch', type: pluginApiBatch },
  { world: 'plugin-world', interface: 'plugin-api', type: pluginApi },
  { world: 'plugin-v2', interface: 'plugin-api-v2', type: pluginApiV2 },
  { world: 'plugin-v1', interface: 'plugin-api-v1', type: pluginApiV1 },
];

/** What the host offers to every plugin. */
export const HOST_API: { readonly interface: string; readonly type: InstanceType } = {
  interface: 'host-api',
  type: instance({
    'log-message': func({ level: string, message: string }, fallible()),
    'get-config': func({ key: string }, option(string)),
    'emit-event': func({ 'event-type': string, payload: string }, fallible()),
  }),
};
