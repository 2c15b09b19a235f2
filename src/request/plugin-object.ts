import type { ArtifactSummary } from '../artifact/artifact.ts';
import { lowerCamel } from '../component/js-names.ts';
import { exportedInterface } from './exported-function.ts';
import type { ProcessOptions } from './process-options.ts';

/**
 * What a plugin exports, as a caller of it sees it: each function takes the options of a request after its arguments, and
 * gives a promise.
 *
 * @example
 * type Shop = { 'acme:app/pricing': { quote(items: number[]): number } };
 * const shop: PluginObject<Shop> = engine.plugin<Shop>('shop');
 * await shop['acme:app/pricing'].quote([1, 2]);
 */
export type PluginObject<Exports> = Exports extends (...args: infer Args) => infer Returned
  ? (...args: [...args: Args, options?: ProcessOptions]) => Promise<Awaited<Returned>>
  : { readonly [Key in keyof Exports as Exports[Key] extends AnyClass ? never : Key]: PluginObject<Exports[Key]> };

/** A resource, which sessions have. */
type AnyClass = abstract new (...args: never[]) => unknown;

type Functions = ArtifactSummary['functions'];
type Call = (path: string, args: readonly unknown[], options: ProcessOptions | undefined) => Promise<unknown>;
type Callable = (...args: unknown[]) => Promise<unknown>;

/**
 * The exports of a plugin as an object: functions in camel case, interfaces as objects of them, under their names with or
 * without a version.
 *
 * @param functions Looks at what the plugin exports now: a reload may change it.
 */
export function pluginObject(functions: () => Functions, call: Call): object {
  return new Proxy(Object.create(null) as object, {
    get(_target, key) {
      // A promise looks for `then` in everything that it is resolved with.
      if (typeof key !== 'string' || key === 'then') return undefined;
      const all = functions();
      const owner = exportedInterface(ownersOf(all), key);
      if (owner !== undefined) return membersOf(all, owner, call);
      return membersOf(all, undefined, call)[key];
    },
    has: (_target, key) => typeof key === 'string' && keysOf(functions()).includes(key),
    ownKeys: () => keysOf(functions()),
    getOwnPropertyDescriptor(target, key) {
      const value: unknown = this.get!(target, key, target);
      return value === undefined ? undefined : { value, enumerable: true, configurable: true };
    },
  });
}

function membersOf(functions: Functions, owner: string | undefined, call: Call): Readonly<Record<string, Callable>> {
  const members: Record<string, Callable> = Object.create(null);
  for (const { interface: within, name, path, params } of functions) {
    if (within !== owner) continue;
    members[lowerCamel(name)] = (...args) =>
      args.length === params.length + 1
        ? call(path, args.slice(0, -1), args.at(-1) as ProcessOptions | undefined)
        : call(path, args, undefined);
  }
  return members;
}

function ownersOf(functions: Functions): string[] {
  return functions.flatMap(({ interface: owner }) => owner ?? []);
}

function keysOf(functions: Functions): string[] {
  const own = functions.filter((func) => func.interface === undefined).map(({ name }) => lowerCamel(name));
  return [...new Set([...ownersOf(functions), ...own])];
}
