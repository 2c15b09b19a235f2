import { plainName } from '../../component/names.ts';
import { PluginError } from '../../errors.ts';
import type { ImportPath } from '../plan/plan.ts';
import type { EmbedderFunction } from './embedder-function.ts';
import type { HostFunction } from './functions.ts';
import { lowerCamel, parseFunctionName, unversioned, upperCamel } from './names.ts';

/** What the host offers: an object for each interface, under its name with or without version, as jco takes it. */
export type HostImports = Readonly<Record<string, unknown>>;

/** Puts a guard around a function that an import path leads to; undefined where it needs none. */
export type GuardImport = (path: ImportPath, func: HostFunction, fallible: boolean) => EmbedderFunction | undefined;

/**
 * Prepares to find a function of the host: in camel case in the object of its interface; methods, static functions and
 * constructors at the class of their resource. Methods take the resource as their first argument.
 *
 * @returns what finds it in the imports of one instance. It throws `ERR_UNKNOWN_IMPORT` when the host lacks it.
 */
export function hostFunction(path: ImportPath): (imports: HostImports) => HostFunction {
  const name = parseFunctionName(path.at(-1)!);
  const owner = path.slice(0, -1);
  const missing = (): PluginError =>
    unknownImport(path, 'name' in name ? lowerCamel(name.name) : upperCamel(name.resource));
  if (name.kind === 'function') {
    const key = lowerCamel(name.name);
    return (imports) => {
      const found = owner.length === 0 ? rootItem(imports, name.name) : ownProperty(ownerOf(imports, owner), key);
      if (typeof found !== 'function') throw missing();
      return found as HostFunction;
    };
  }
  const resource = upperCamel(name.resource);
  const classIn = (imports: HostImports): ClassOfHost => {
    const found =
      owner.length === 0 ? rootItem(imports, name.resource) : ownProperty(ownerOf(imports, owner), resource);
    if (typeof found !== 'function' || typeof found.prototype !== 'object') throw missing();
    return found as ClassOfHost;
  };
  if (name.kind === 'constructor') {
    return (imports) => {
      const Class = classIn(imports);
      return (...values) => new Class(...values);
    };
  }
  const key = lowerCamel(name.name);
  if (name.kind === 'static') {
    return (imports) => {
      const Class = classIn(imports);
      const found = inherited(Class, key, Function.prototype);
      if (found === undefined) throw missing();
      return (...values) => found.apply(Class, values);
    };
  }
  return (imports) => {
    const found = inherited(classIn(imports).prototype, key, Object.prototype);
    if (found === undefined || key === 'constructor') throw missing();
    return (self, ...values) => found.apply(self, values);
  };
}

interface ClassOfHost {
  new (...values: unknown[]): object;
  readonly prototype: object;
}

/** The object of the interface in which a function or resource is. */
function ownerOf(imports: HostImports, [name, ...inner]: readonly string[]): unknown {
  let found = ownProperty(imports, name!) ?? ownProperty(imports, unversioned(name!));
  for (const part of inner) found = ownProperty(found, lowerCamel(part));
  return found;
}

/** A function or resource that is imported by itself; jco looks for the default export of a module of its name. */
function rootItem(imports: HostImports, name: string): unknown {
  const found = ownProperty(imports, name);
  return typeof found === 'function' ? found : ownProperty(found, 'default');
}

/** Guests choose the names: nothing that an object inherits may be found by one. */
function ownProperty(object: unknown, key: string): unknown {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return undefined;
  return Object.hasOwn(object, key) ? (object as Readonly<Record<string, unknown>>)[key] : undefined;
}

/** A method of a class or of one that it extends, up to and without `end`. */
function inherited(object: object, key: string, end: object): HostFunction | undefined {
  for (let holder: object | null = object; holder !== null && holder !== end; holder = Object.getPrototypeOf(holder)) {
    const found = ownProperty(holder, key);
    if (typeof found === 'function') return found as HostFunction;
  }
  return undefined;
}

function unknownImport(path: ImportPath, key: string): PluginError {
  const [name, ...inner] = path;
  return new PluginError(
    'ERR_UNKNOWN_IMPORT',
    `The component imports what the host lacks: ${key}, which is ${[...inner, 'in', name].map((part) => (part === 'in' ? part : plainName(part!))).join(' ')}`,
    { hint: 'Build the plugin against the interfaces of WASI that the host offers.' },
  );
}
