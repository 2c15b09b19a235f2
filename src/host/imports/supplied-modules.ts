import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Later } from '../../clock/later.ts';
import { lowerCamel } from '../../component/js-names.ts';
import { shownName } from '../../component/names.ts';
import type { LogLevel } from '../../contract/values.ts';
import { PluginError } from '../../errors.ts';
import type { ResolvedPolicy } from '../policy/policy.ts';
import { WitError } from '../wit-error.ts';
import type { BackedModule } from './backed-module.ts';
import type { SuppliedImport } from './embedder-imports.ts';
import type { HostCall, HostReply } from './main-thread.ts';

/**
 * For which instance a module supplies functions.
 *
 * @example
 * // The module that `imports` names:
 * export default ({ plugin, log }: ImportingInstance) => ({
 *   note: (text: string) => void log('info', `${plugin}: ${text}`),
 * });
 */
export interface ImportingInstance {
  readonly plugin: string;
  readonly version: string;
  readonly config: Readonly<Record<string, string>>;
  readonly policy: ResolvedPolicy;
  /**
   * Logs in the plugin's name, which is told as `plugin:log`.
   *
   * @returns false when the budget of the call, `maxLogBytes`, is spent.
   */
  readonly log: (level: LogLevel, message: string) => boolean;
  /**
   * Calls a function of the main thread that the module was supplied with ({@link BackedModule}), and waits for it.
   *
   * @throws {WitError} what the function threw of these; any other error is one of the module's, and ends the request.
   */
  readonly ask: (func: string, ...args: readonly unknown[]) => unknown;
}

const require = createRequire(import.meta.url);

/**
 * The functions that modules of the embedder's supply to one instance, by the names under which the component imports
 * them. A module's default export is an object of functions in camel case and of classes for resources, or a factory
 * that makes one for each instance; without a default export its named exports are taken.
 *
 * Functions of the main thread are there as functions that wait for it.
 *
 * @throws {PluginError} `ERR_HOST_FUNCTION` for a module that cannot be loaded, or supplies no such thing.
 */
export function suppliedImports(
  supplied: readonly SuppliedImport[],
  instance: Omit<ImportingInstance, 'ask'>,
  askMainThread: AskMainThread = nobody,
): Readonly<Record<string, object>> {
  const imports: Record<string, object> = Object.create(null);
  for (const { name, kind, functions, module } of supplied) {
    imports[name] =
      module === undefined
        ? onMainThread(name, kind, functions, askMainThread)
        : implementation(name, kind, module, { ...instance, ask: asking(name, askMainThread) });
  }
  return imports;
}

/** Asks the main thread, and waits; or has the answer later, for a guest that goes on meanwhile where it may. */
export type AskMainThread = (call: HostCall, then: 'waits' | 'may go on') => HostReply | Later<HostReply>;

function nobody(): HostReply {
  return { kind: 'failed', cause: 'There is no main thread to ask' };
}

function onMainThread(
  name: string,
  kind: SuppliedImport['kind'],
  functions: readonly string[],
  ask: AskMainThread,
): object {
  const named = (func: string) => {
    const key = lowerCamel(func);
    return (...args: unknown[]): unknown => {
      const reply = ask({ name, func: key, args }, 'may go on');
      return reply instanceof Later ? reply.map(returnedBy, rethrow) : returnedBy(reply);
    };
  };
  if (kind === 'function') return named(name);
  return Object.fromEntries(functions.map((func) => [lowerCamel(func), named(func)]));
}

/** @param name Of the import. */
function asking(name: string, ask: AskMainThread): ImportingInstance['ask'] {
  return (func, ...args) => returnedBy(ask({ name, func, args }, 'waits') as HostReply);
}

function returnedBy(reply: HostReply): unknown {
  if (reply.kind === 'returned') return reply.value;
  if (reply.kind === 'err') throw new WitError(reply.payload);
  throw new Error(reply.cause);
}

function rethrow(error: unknown): never {
  throw error;
}

function implementation(
  name: string,
  kind: SuppliedImport['kind'],
  module: string,
  instance: ImportingInstance,
): object {
  const namespace = load(name, module);
  const exported = Object.hasOwn(namespace, 'default') ? namespace.default : namespace;
  if (kind === 'function') {
    if (typeof exported === 'function') return exported;
    throw unusable(name, module, 'its default export is no function');
  }
  const made = typeof exported === 'function' ? make(name, module, exported as Factory, instance) : exported;
  if (typeof made === 'object' && made !== null) return made;
  throw unusable(name, module, 'its default export is no object of functions, and no function that makes one');
}

type Factory = (instance: ImportingInstance) => unknown;

/**
 * Loads a module, without waiting: the worker is in the middle of an order. It is loaded once for each thread, however
 * many instances it has.
 */
function load(name: string, module: string): Readonly<Record<string, unknown>> {
  try {
    return require(fileURLToPath(module)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw unusable(name, module, 'it cannot be loaded', error);
  }
}

function make(name: string, module: string, factory: Factory, instance: ImportingInstance): unknown {
  try {
    return factory(instance);
  } catch (error) {
    throw unusable(name, module, 'its factory threw', error);
  }
}

function unusable(name: string, module: string, why: string, cause?: unknown): PluginError {
  return new PluginError('ERR_HOST_FUNCTION', `The module that supplies ${shownName(name)} is of no use: ${why}`, {
    hint: `Look at ${module}: it has to export the functions, in camel case, and may not wait (\`await\`) while it is loaded.`,
    cause,
  });
}
