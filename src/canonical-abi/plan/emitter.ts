import type { CanonOptions } from '../../component/ast.ts';
import { invalidAt } from '../../component/reader.ts';
import { at } from '../../component/scope.ts';
import type { FuncType, ResourceType } from '../../component/types.ts';
import { coreSignature } from './core-signatures.ts';
import type { FunctionDefinition, LiftedFunction, Space } from './definitions.ts';
import { type FlatType, type Layout, MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_RESULTS } from './layout.ts';
import type { BindingPlan, CoreRef, ExportItem, ImportPath, Initializer, Lift } from './plan.ts';
import { TypeTable } from './type-table.ts';
import { unsupported } from './unsupported.ts';

const REALLOC = coreSignature(['i32', 'i32', 'i32', 'i32'], ['i32']);

/** Where a resource type comes from. */
type ResourceOrigin =
  | { readonly kind: 'guest'; readonly instance: number; readonly destructor: CoreRef | undefined }
  | { readonly kind: 'host'; readonly path: ImportPath };

/** `CoreFuncType` of the specification, of a component function. */
export interface FlatFunctionType {
  readonly params: readonly FlatType[];
  readonly results: readonly FlatType[];
}

/** The index spaces to which initializers append. */
type IndexSpace = 'core-instances' | 'memories' | 'contexts' | 'resources' | 'funcs';

/** Collects the initializers of a plan, and the component instances and types that they refer to. */
export class Emitter {
  readonly types: TypeTable;
  readonly #initializers: Initializer[] = [];
  readonly #lengths: Record<IndexSpace, number> = {
    'core-instances': 0,
    memories: 0,
    contexts: 0,
    resources: 0,
    funcs: 0,
  };
  /** The instance that made each component instance; the outermost one has none. */
  readonly #parents: (number | undefined)[] = [];
  readonly #origins = new Map<ResourceType, ResourceOrigin>();
  readonly #resources = new Map<ResourceType, number>();
  readonly #known = new Map<string, number>();
  /** The imports of which a function passes streams or futures. */
  readonly #copyEndImports = new Set<string>();

  constructor() {
    this.types = new TypeTable((type, offset) => this.resource(type, offset));
  }

  plan(exports: readonly ExportItem[]): BindingPlan {
    const { types, signatures, concurrent } = this.types;
    return {
      types,
      signatures,
      instances: this.#parents.length,
      initializers: this.#initializers,
      exports,
      ...(this.#copyEndImports.size > 0 && { copyEndImports: [...this.#copyEndImports] }),
      ...(concurrent && { lineages: this.#parents.map((_, instance) => this.#selfAndAncestors(instance)) }),
    };
  }

  emit(space: IndexSpace, initializer: Initializer): number {
    this.#initializers.push(initializer);
    return this.#lengths[space]++;
  }

  componentInstance(parent: number | undefined): number {
    return this.#parents.push(parent) - 1;
  }

  /** `entering_set` of the specification: the instances that a call from `caller`, or from the host, enters. */
  entering(callee: number, caller: number | undefined): readonly number[] {
    const from = new Set(caller === undefined ? [] : this.#selfAndAncestors(caller));
    return this.#selfAndAncestors(callee).filter((instance) => !from.has(instance));
  }

  #selfAndAncestors(instance: number): number[] {
    const found: number[] = [];
    for (let next: number | undefined = instance; next !== undefined; next = this.#parents[next]) found.push(next);
    return found;
  }

  /** Says where a resource type comes from; the first one to say so is right, later ones pass it on. */
  define(type: ResourceType, origin: ResourceOrigin): void {
    if (!this.#origins.has(type)) this.#origins.set(type, origin);
  }

  /** The index of a resource type, which comes into being when it is first referred to. */
  resource(type: ResourceType, offset: number): number {
    const known = this.#resources.get(type);
    if (known !== undefined) return known;
    const origin = this.#origins.get(type);
    if (origin === undefined) throw invalidAt(offset, 'a resource that is not defined here');
    const index = this.emit(
      'resources',
      origin.kind === 'host'
        ? { kind: 'host-resource', path: origin.path }
        : {
            kind: 'resource',
            instance: origin.instance,
            ...(origin.destructor !== undefined && { destructor: origin.destructor }),
          },
    );
    this.#resources.set(type, index);
    return index;
  }

  /** What a call of the destructor enters when `instance` drops the last handle; the host if undefined. */
  enteringDestructor(type: ResourceType, instance: number | undefined): readonly number[] {
    const origin = this.#origins.get(type);
    return origin?.kind === 'guest' ? this.entering(origin.instance, instance) : [];
  }

  /** Checks canonical options; returns what makes their context. Equal ones are one. */
  context(space: Space, options: CanonOptions, offset: number): () => number {
    if (options.gc) throw unsupported('it passes values of the garbage collection proposal');
    const memory = optionalAt(space.core.memory, options.memory, 'core memory', offset);
    const realloc = optionalAt(space.core.func, options.realloc, 'core func', offset);
    if (realloc !== undefined && realloc.signature !== REALLOC) {
      throw invalidAt(offset, `a realloc of type \`${realloc.signature}\``);
    }
    return () =>
      this.#once('contexts', {
        kind: 'context',
        instance: space.instance,
        encoding: options.stringEncoding,
        ...(memory !== undefined && { memory: this.memory(memory.ref()) }),
        ...(realloc !== undefined && { realloc: realloc.ref() }),
      });
  }

  /** The index of a memory, which is looked at from when it is first referred to. */
  memory(ref: CoreRef): number {
    return this.#once('memories', { kind: 'memory', ref });
  }

  #once(space: IndexSpace, initializer: Initializer): number {
    const key = JSON.stringify(initializer);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.emit(space, initializer);
    this.#known.set(key, index);
    return index;
  }

  /**
   * What a call of a function enters. The text of the specification lets a parent and its child call each other; its
   * tests (`trap-on-reenter.wast`) and wasmtime trap for now, which the full set brings about: the caller is in it.
   */
  #enteringFunction(callee: number, caller: number | undefined): readonly number[] {
    const entering = this.entering(callee, caller);
    const related = caller !== undefined && (entering.length === 0 || this.#selfAndAncestors(callee).includes(caller));
    return related ? this.entering(callee, undefined) : entering;
  }

  /** A lifted function, as `caller` or the host calls it. */
  lift(
    { type, instance, func, context, postReturn, async, callback }: LiftedFunction,
    caller: number | undefined,
    offset: number,
  ): Lift {
    return {
      func,
      signature: this.types.signature(type, offset),
      context,
      ...(postReturn !== undefined && { postReturn }),
      ...(async && { async }),
      ...(callback !== undefined && { callback }),
      entering: this.#enteringFunction(instance, caller),
    };
  }

  /** The signature of a function that the host implements. */
  #ofHost(signature: number, [owner]: ImportPath): number {
    if (this.types.passesCopyEnds(this.types.signatures[signature]!)) this.#copyEndImports.add(owner!);
    return signature;
  }

  /** `canon lower` of a function, in `space`. */
  lower(space: Space, callee: FunctionDefinition, context: number, async: boolean, offset: number): number {
    if (callee.kind === 'lift') {
      const lift = this.lift(callee, space.instance, offset);
      return this.emit('funcs', { kind: 'adapt', lift, context, ...(async && { async }) });
    }
    return this.emit('funcs', {
      kind: 'lower',
      path: callee.path,
      signature: this.#ofHost(this.types.signature(callee.type, offset), callee.path),
      context,
      ...(async && { async }),
    });
  }

  /**
   * `flatten_functype`: the core function type of a function that is lifted or lowered. Checks that the options are
   * there that its types call for ("canonopt validation").
   */
  flatten(type: FuncType, options: CanonOptions, direction: 'lift' | 'lower', offset: number): FlatFunctionType {
    const signature = this.types.signatures[this.types.signature(type, offset)]!;
    const params = this.types.params(signature);
    const result = signature.result === undefined ? undefined : this.types.layouts[signature.result]!;
    assertOptionsAgree(type, options, direction, offset);
    const inMemory = (layout: Layout, most: number) => layout.flat === undefined || layout.flat.length > most;
    const asyncLower = options.async && direction === 'lower';
    const resultInMemory = result !== undefined && inMemory(result, asyncLower ? 0 : MAX_FLAT_RESULTS);
    const paramsInMemory = params.flat === undefined || (asyncLower && inMemory(params, MAX_FLAT_ASYNC_PARAMS));
    const allocates = direction === 'lift' ? params.allocates || paramsInMemory : (result?.allocates ?? false);
    // What a function returns by `task.return` passes with the options of that.
    const returns = !(options.async && direction === 'lift');
    const usesMemory =
      params.allocates || paramsInMemory || (returns && (resultInMemory || (result?.allocates ?? false)));
    if (usesMemory && options.memory === undefined) throw invalidAt(offset, 'the canonical option memory is missing');
    if (allocates && options.realloc === undefined) throw invalidAt(offset, 'the canonical option realloc is missing');
    const flat: FlatType[] = paramsInMemory ? ['i32'] : [...params.flat!];
    if (options.async && direction === 'lift') {
      return { params: flat, results: options.callback === undefined ? [] : ['i32'] };
    }
    if (asyncLower) return { params: resultInMemory ? [...flat, 'i32'] : flat, results: ['i32'] };
    if (!resultInMemory) return { params: flat, results: result?.flat ?? [] };
    return direction === 'lift' ? { params: flat, results: ['i32'] } : { params: [...flat, 'i32'], results: [] };
  }
}

/** @throws {PluginError} `ERR_INVALID_COMPONENT` for options that the function or each other rule out. */
function assertOptionsAgree(
  { async }: FuncType,
  options: CanonOptions,
  direction: 'lift' | 'lower',
  offset: number,
): void {
  if (options.async && !async)
    throw invalidAt(offset, 'the canonical option async needs a function type that is async');
  if (options.callback !== undefined && !options.async) {
    throw invalidAt(offset, 'the canonical option callback needs the option async');
  }
  if (direction === 'lower' && options.callback !== undefined) {
    throw invalidAt(offset, 'the canonical option callback is for functions that are lifted');
  }
  if (direction === 'lower' && options.postReturn !== undefined) {
    throw invalidAt(offset, 'the canonical option post-return is for functions that are lifted');
  }
  if (options.async && options.postReturn !== undefined) {
    throw invalidAt(offset, 'the canonical option post-return excludes the option async');
  }
}

function optionalAt<T>(space: readonly T[], index: number | undefined, what: string, offset: number): T | undefined {
  return index === undefined ? undefined : at(space, index, what, offset);
}
