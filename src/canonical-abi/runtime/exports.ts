import type { ExportItem, Lift } from '../plan/plan.ts';
import type { HostFunction } from './functions.ts';
import { hostFunction } from './host-imports.ts';
import { type Instantiation, pick } from './instantiation.ts';
import { lowerCamel, parseFunctionName, upperCamel } from './names.ts';
import { dropHeld } from './resources.ts';

export type ExportBuilder = (instantiation: Instantiation) => Readonly<Record<string, unknown>>;

/** Prepares a function of the component to be called by the host. */
export type BindLift = (lift: Lift) => (instantiation: Instantiation) => HostFunction;

/** Adds one export to what an instance exports. */
type Add = (instantiation: Instantiation, exports: Record<string, unknown>) => void;

/**
 * Prepares the exports of a component, in the shapes that jco gives them. Objects have no prototype: nothing but the
 * exports can be found by a name.
 */
export function exportBuilder(items: readonly ExportItem[], bind: BindLift): ExportBuilder {
  // Classes first: methods are put into them.
  const ordered = [...items].sort((a, b) => Number(b.kind === 'resource') - Number(a.kind === 'resource'));
  const adders = ordered.map((item) => adder(item, bind));
  return (instantiation) => {
    const exports: Record<string, unknown> = Object.create(null);
    for (const add of adders) add(instantiation, exports);
    return exports;
  };
}

function adder(item: ExportItem, bind: BindLift): Add {
  switch (item.kind) {
    case 'instance': {
      const build = exportBuilder(item.exports, bind);
      const keys = [item.name, interfaceKey(item.name)];
      return (instantiation, exports) => {
        const inner = build(instantiation);
        for (const key of keys) exports[key] ??= inner;
      };
    }
    case 'func': {
      const bound = bind(item.lift);
      const place = placeOf(item.name);
      return (instantiation, exports) => place(exports, bound(instantiation));
    }
    case 'host-func': {
      const find = hostFunction(item.path);
      const place = placeOf(item.name);
      return ({ imports }, exports) => place(exports, find(imports));
    }
    case 'resource': {
      const key = upperCamel(item.name);
      return ({ store, instances }, exports) => {
        const type = store.resources[item.resource]!;
        if (type.instance === undefined) return;
        const Class = newClass();
        const entering = pick(instances, item.entering);
        Object.defineProperty(Class.prototype, Symbol.dispose, {
          value(this: object) {
            dropHeld(this, entering);
          },
        });
        type.prototype = Class.prototype;
        exports[key] = Class;
      };
    }
  }
}

/** Where a function is put: beside the others, or into the class of its resource. */
function placeOf(name: string): (exports: Record<string, unknown>, func: HostFunction) => void {
  const parsed = parseFunctionName(name);
  if (parsed.kind === 'function') {
    const key = lowerCamel(parsed.name);
    return (exports, func) => {
      exports[key] = func;
    };
  }
  const resource = upperCamel(parsed.resource);
  const key = parsed.kind === 'constructor' ? '' : lowerCamel(parsed.name);
  return (exports, func) => {
    const Class = exports[resource] as GuestClass | undefined;
    if (Class === undefined) return;
    if (parsed.kind === 'constructor') constructors.set(Class, func);
    else if (parsed.kind === 'static') define(Class, key, (...values: unknown[]) => func(...values));
    else {
      define(Class.prototype, key, function (this: unknown, ...values: unknown[]) {
        return func(this, ...values);
      });
    }
  };
}

type GuestClass = new (...values: unknown[]) => object;

const constructors = new WeakMap<GuestClass, HostFunction>();

function newClass(): GuestClass {
  class GuestResource {
    constructor(...values: unknown[]) {
      const construct = constructors.get(GuestResource);
      if (construct === undefined) throw new TypeError('The resource has no constructor');
      // biome-ignore lint/correctness/noConstructorReturn: the guest makes the resource; its object has our prototype.
      return construct(...values) as GuestResource;
    }
  }
  return GuestResource;
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}

/** `toolsku:plugin-system/plugin-api@1.0.0` as `pluginApi`, beside its full name. */
function interfaceKey(name: string): string {
  const match = /^[^/@]*\/([^/@]+)/.exec(name);
  return lowerCamel(match?.[1] ?? name);
}
