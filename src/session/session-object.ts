import type { ArtifactSummary } from '../artifact/artifact.ts';
import type { BindingPlan } from '../canonical-abi/plan/plan.ts';
import { parseFunctionName } from '../canonical-abi/runtime/names.ts';
import { lowerCamel, upperCamel } from '../component/js-names.ts';
import { PluginError } from '../errors.ts';
import { exportedInterface } from '../request/exported-function.ts';
import type { ProcessOptions } from '../request/process-options.ts';

type AnyFunction = (...args: never[]) => unknown;
type AnyClass = abstract new (...args: never[]) => unknown;
type Plain = string | number | bigint | boolean | null | undefined | ArrayBufferView;

/**
 * A resource of a plugin's that a session holds: its methods, each of which gives a promise. It lives until it is disposed of,
 * passed on to the plugin as its own, or its session ends.
 *
 * @example
 * type Cart = { add(item: string): void; count(): number } & Disposable;
 * const count = async (cart: SessionResource<Cart>) => await cart.count();
 */
export type SessionResource<Instance> = {
  readonly [Key in keyof Instance as Instance[Key] extends AnyFunction ? Exclude<Key, symbol> : never]: SessionFunction<
    Instance[Key]
  >;
} & Disposable & { [Symbol.asyncDispose](): Promise<void> };

/**
 * What passes in a session: resources, which are what can be disposed of, are those of the session wherever they stand.
 *
 * @example
 * type Cart = { count(): number } & Disposable;
 * const carts: SessionValue<{ open: Cart[] }> = { open: [] };
 */
export type SessionValue<Value> = Value extends Plain
  ? Value
  : Value extends Disposable
    ? SessionResource<Value>
    : Value extends object
      ? { [Key in keyof Value]: SessionValue<Value[Key]> }
      : Value;

type SessionArguments<Args extends readonly unknown[]> = [
  ...args: { [Key in keyof Args]: SessionValue<Args[Key]> },
  options?: ProcessOptions,
];

type SessionFunction<Func> = Func extends (...args: infer Args) => infer Returned
  ? (...args: SessionArguments<Args>) => Promise<SessionValue<Awaited<Returned>>>
  : never;

type SessionClass<Class> = Class extends abstract new (
  ...args: infer Args
) => infer Instance
  ? (new (
      ...args: SessionArguments<Args>
    ) => Promise<SessionResource<Instance>>) & {
      readonly [Key in Exclude<keyof Class, 'prototype'>]: SessionFunction<Class[Key]>;
    }
  : never;

/**
 * What a plugin exports, as the caller of a session sees it: functions, and resources as classes whose constructors, methods and
 * statics give promises.
 *
 * @example
 * type Cart = { add(item: string): void } & Disposable;
 * type Shop = { 'acme:app/carts': { Cart: new (owner: string) => Cart } };
 * const shop: SessionObject<Shop> = (await engine.session('shop')).exports<Shop>();
 * const cart = await new shop['acme:app/carts'].Cart('ada');
 */
export type SessionObject<Exports> = {
  readonly [Key in keyof Exports]: Exports[Key] extends AnyClass
    ? SessionClass<Exports[Key]>
    : Exports[Key] extends AnyFunction
      ? SessionFunction<Exports[Key]>
      : SessionObject<Exports[Key]>;
};

type Functions = ArtifactSummary['functions'];
type ExportedFunction = Functions[number];
type Call = (path: string, args: readonly unknown[], options: ProcessOptions | undefined) => Promise<unknown>;
type Members = Record<string, unknown>;

/** The exports of a plugin as objects that make calls in one session. */
export class SessionExports {
  readonly #functions: Functions;
  readonly #call: Call;
  /** The interface and name of each resource, by the number of its type. */
  readonly #resources = new Map<number, { readonly interface: string | undefined; readonly name: string }>();
  readonly #prototypes = new Map<number, object>();
  readonly #dispose: (object: object) => Promise<void>;

  /** @param dispose Has a resource dropped. */
  constructor(functions: Functions, plan: BindingPlan, call: Call, dispose: (object: object) => Promise<void>) {
    this.#functions = functions;
    this.#call = call;
    this.#dispose = dispose;
    const note = (owner: string | undefined, items: BindingPlan['exports']): void => {
      for (const item of items) {
        if (item.kind === 'instance' && owner === undefined) note(item.name, item.exports);
        // The first that names a resource has its methods; others only use it.
        else if (item.kind === 'resource' && !this.#resources.has(item.resource))
          this.#resources.set(item.resource, { interface: owner, name: item.name });
      }
    };
    note(undefined, plan.exports);
  }

  /** Interfaces by their names, with a version or without, and what is in none. */
  get object(): object {
    const owners = this.#functions.flatMap(({ interface: owner }) => owner ?? []);
    const own = this.#members(undefined);
    return new Proxy(own, {
      get: (_target, key) => {
        if (typeof key !== 'string') return undefined;
        if (Object.hasOwn(own, key)) return own[key];
        const owner = exportedInterface(owners, key);
        return owner === undefined ? undefined : this.#members(owner);
      },
      ownKeys: () => [...new Set([...Object.keys(own), ...owners])],
      has: (_target, key) => typeof key === 'string' && (Object.hasOwn(own, key) || owners.includes(key)),
      getOwnPropertyDescriptor: (_target, key) => {
        if (typeof key !== 'string') return undefined;
        const value = Object.hasOwn(own, key) ? own[key] : owners.includes(key) ? this.#members(key) : undefined;
        return value === undefined ? undefined : { value, enumerable: true, configurable: true };
      },
    });
  }

  /** What the handles of a resource type have for a prototype: its methods. */
  prototypeOf(type: number): object {
    let prototype = this.#prototypes.get(type);
    if (prototype === undefined) {
      prototype = this.#prototype(this.#resources.get(type));
      this.#prototypes.set(type, prototype);
    }
    return prototype;
  }

  #prototype(resource: { readonly interface: string | undefined; readonly name: string } | undefined): object {
    const prototype: object = Object.create(null);
    const dispose = this.#dispose;
    for (const func of this.#functions) {
      const parsed = parseFunctionName(func.name);
      if (parsed.kind !== 'method' || func.interface !== resource?.interface || parsed.resource !== resource?.name)
        continue;
      const key = lowerCamel(parsed.name);
      // Or what awaits the resource would call the plugin, and wait for what that never says.
      if (key === 'then') continue;
      const call = this.#caller(func);
      define(prototype, key, function (this: object, ...args: unknown[]) {
        return call([this, ...args]);
      });
    }
    define(prototype, Symbol.toStringTag, upperCamel(resource?.name ?? 'resource'));
    define(prototype, Symbol.asyncDispose, function (this: object) {
      return dispose(this);
    });
    define(prototype, Symbol.dispose, function (this: object) {
      // Whoever does not wait hears of what comes of it from the session, which ends with its instance.
      dispose(this).catch(() => {});
    });
    return prototype;
  }

  #members(owner: string | undefined): Members {
    const members: Members = Object.create(null);
    const within = this.#functions.filter(({ interface: of }) => of === owner);
    for (const resource of this.#resources.values())
      if (resource.interface === owner) members[upperCamel(resource.name)] = classOf(resource.name);
    for (const func of within) {
      const parsed = parseFunctionName(func.name);
      const call = this.#caller(func);
      const callWith = (...args: unknown[]) => call(args);
      if (parsed.kind === 'function') members[lowerCamel(parsed.name)] = callWith;
      else if (parsed.kind === 'constructor') constructors.set(members[upperCamel(parsed.resource)] as object, call);
      else if (parsed.kind === 'static')
        define(members[upperCamel(parsed.resource)] as object, lowerCamel(parsed.name), callWith);
    }
    return members;
  }

  /** Calls a function with what is after its arguments as options. */
  #caller({ path, params }: ExportedFunction): (args: readonly unknown[]) => Promise<unknown> {
    return (args) =>
      args.length === params.length + 1
        ? this.#call(path, args.slice(0, -1), args.at(-1) as ProcessOptions | undefined)
        : this.#call(path, args, undefined);
  }
}

const constructors = new WeakMap<object, (args: readonly unknown[]) => Promise<unknown>>();

/** A class whose constructor gives a promise, with or without `new`. */
function classOf(resource: string): object {
  function Resource(...args: unknown[]): Promise<unknown> {
    const construct = constructors.get(Resource);
    if (construct !== undefined) return construct(args);
    const message = `The resource ${JSON.stringify(resource)} has no constructor`;
    return Promise.reject(
      new PluginError('ERR_INVALID_ARGUMENT', message, { hint: 'A function of the plugin gives one.' }),
    );
  }
  return Resource;
}

function define(target: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
}
