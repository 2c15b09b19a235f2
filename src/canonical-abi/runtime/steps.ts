import { CONTROL_IMPORT, type ControlPage } from '../../instrumentation/control-page.ts';
import { builtInType } from '../plan/built-ins.ts';
import { type BindingPlan, type Initializer, MEMORY_IMPORT, memoryImport } from '../plan/plan.ts';
import { concurrentBuiltIn, mayWait } from './async/built-ins.ts';
import { type Elements, elementsOf } from './async/elements.ts';
import { loweredFromAsyncHost } from './async/host-functions.ts';
import { type Answer, lowered } from './async/lower.ts';
import { suspending } from './async/stack-switching.ts';
import { builtInFunction, type SynchronousBuiltIn } from './built-ins.ts';
import type { Boundary } from './codec.ts';
import { LiftLowerContext, type Realloc } from './context.ts';
import { countedPassing, loweredFromEmbedder } from './embedder-function.ts';
import type { CoreFunction, FlatValue } from './flat-value.ts';
import { adapted, loweredFromHost } from './functions.ts';
import { hostFunction } from './host-imports.ts';
import { asyncLift, coreDefinition, type Instantiation, liftedFunction, pick } from './instantiation.ts';
import { GuestMemory } from './memory.ts';
import { MemoryPool, type OnDropped } from './memory-pool.ts';
import { ASYNC_FLAT_LIMITS, type CoreType, FLAT_LIMITS, type Passing } from './passing.ts';
import type { Passings } from './passings.ts';
import { resourceDrop, resourceNew, resourceRep } from './resource-builtins.ts';
import { onOwnThread } from './thread-storage.ts';

/** What an initializer does each time that the component is instantiated. */
export type Step = (instantiation: Instantiation) => void;

/** Turns the initializers of one component into steps. */
export class Steps {
  /** Those that are lent to its instances, one after the other. */
  readonly memories: MemoryPool[] = [];
  readonly #plan: BindingPlan;
  readonly #modules: readonly WebAssembly.Module[];
  readonly #passings: Passings;
  /** Whether its calls may wait for each other. */
  readonly #concurrent: boolean;
  readonly #controlImport: Readonly<Record<string, WebAssembly.Memory>>;
  readonly #onDropped: OnDropped;

  constructor(
    plan: BindingPlan,
    modules: readonly WebAssembly.Module[],
    passings: Passings,
    control: ControlPage,
    onDropped: OnDropped,
  ) {
    this.#plan = plan;
    this.#modules = modules;
    this.#passings = passings;
    this.#concurrent = plan.lineages !== undefined;
    this.#controlImport = { [CONTROL_IMPORT]: control.memory as WebAssembly.Memory };
    this.#onDropped = onDropped;
  }

  of(initializer: Initializer): Step {
    switch (initializer.kind) {
      case 'instantiate': {
        const { args, memories: lent = [] } = initializer;
        const module = this.#modules[initializer.module]!;
        const pools = lent.map((memory) => new MemoryPool(memory, this.#onDropped));
        this.memories.push(...pools);
        return ({ coreInstances, instantiateCore, releases }) => {
          const imports: Record<string, Readonly<Record<string, unknown>>> = Object.create(null);
          for (const { name, instance } of args) imports[name] = coreInstances[instance]!;
          imports[CONTROL_IMPORT] = this.#controlImport;
          if (pools.length > 0) imports[MEMORY_IMPORT] = lentImports(pools, releases);
          coreInstances.push(instantiateCore(module, imports).exports);
        };
      }
      case 'bundle': {
        const { exports } = initializer;
        return (instantiation) => {
          const bundle: Record<string, unknown> = Object.create(null);
          for (const { name, ref } of exports) bundle[name] = coreDefinition(instantiation, ref);
          instantiation.coreInstances.push(bundle);
        };
      }
      case 'memory': {
        const { ref } = initializer;
        return (instantiation) => {
          instantiation.memories.push(GuestMemory.of(coreDefinition(instantiation, ref) as WebAssembly.Memory));
        };
      }
      case 'context': {
        const { instance, memory, realloc, encoding } = initializer;
        return (instantiation) => {
          const { store, instances, memories, contexts } = instantiation;
          contexts.push(
            new LiftLowerContext(
              store,
              instances[instance]!,
              memory === undefined ? GuestMemory.none() : memories[memory]!,
              realloc === undefined ? undefined : (coreDefinition(instantiation, realloc) as Realloc),
              encoding,
            ),
          );
        };
      }
      case 'resource': {
        const { instance, destructor } = initializer;
        return (instantiation) => {
          const { store, instances } = instantiation;
          store.resources.push({
            instance: instances[instance]!,
            destructor:
              destructor === undefined
                ? undefined
                : onOwnThread(store, coreDefinition(instantiation, destructor) as (rep: number) => void),
            prototype: Object.prototype,
            life: 0,
          });
        };
      }
      case 'host-resource':
        return ({ store }) => {
          store.resources.push({ instance: undefined, destructor: undefined, prototype: Object.prototype, life: 0 });
        };
      case 'lower': {
        const { context, path, signature, async = false } = initializer;
        const find = hostFunction(path);
        const passing = this.#passings.at(signature, 'host', async ? ASYNC_FLAT_LIMITS : FLAT_LIMITS);
        const concurrent = this.#concurrent;
        return ({ imports, guard, contexts, funcs }) => {
          const found = find(imports);
          const guarded = guard?.(path, found, passing.fallible);
          const cx = contexts[context]!;
          if (concurrent) {
            const counted = guarded === undefined ? passing : countedPassing(guarded, passing, cx);
            const func = loweredFromAsyncHost(guarded?.call ?? found, counted, cx, async);
            funcs.push(awaited(func, lowering(passing, async), cx));
          } else funcs.push(guarded ? loweredFromEmbedder(guarded, passing, cx) : loweredFromHost(found, passing, cx));
        };
      }
      case 'adapt': {
        const { context, lift, async = false } = initializer;
        const passing = this.#passings.at(lift.signature, 'guest');
        if (this.#concurrent) {
          const signature = this.#plan.signatures[lift.signature]!;
          const how = async ? this.#passings.at(lift.signature, 'guest', ASYNC_FLAT_LIMITS) : passing;
          return (instantiation) => {
            const lifted = asyncLift(instantiation, lift, signature, passing, 'guest');
            const cx = instantiation.contexts[context]!;
            instantiation.funcs.push(awaited(lowered(lifted, how, cx, async), lowering(how, async), cx));
          };
        }
        return (instantiation) => {
          const { contexts, funcs } = instantiation;
          funcs.push(adapted(liftedFunction(instantiation, lift), passing, contexts[context]!));
        };
      }
      case 'resource.new':
      case 'resource.rep':
      case 'resource.drop': {
        const { kind, resource, instance, entering } = initializer;
        return ({ store, instances, funcs }) => {
          const type = store.resources[resource]!;
          const owner = instances[instance]!;
          if (kind === 'resource.new') funcs.push(resourceNew(store, owner, type));
          else if (kind === 'resource.rep') funcs.push(resourceRep(store, owner, type));
          else funcs.push(resourceDrop(store, owner, type, pick(instances, entering)));
        };
      }
      case 'built-in':
        if (this.#concurrent) return this.#concurrentBuiltIn(initializer);
        return ({ store, instances, memories, funcs }) => {
          funcs.push(
            builtInFunction(
              initializer as typeof initializer & SynchronousBuiltIn,
              store,
              instances[initializer.instance]!,
              memories,
            ),
          );
        };
    }
  }

  #concurrentBuiltIn(builtIn: Extract<Initializer, { kind: 'built-in' }>): Step {
    const { types } = this.#plan;
    const passingOfResult = (type: number | undefined, boundary: Boundary): Passing =>
      this.#passings.of({ params: type === undefined ? [] : [type] }, boundary);
    const copied = (type: number): Elements =>
      elementsOf((types[type] as { readonly element?: number }).element, types, (boundary) =>
        this.#passings.codecsAt(boundary),
      );
    const waits = mayWait(builtIn);
    return ({ store, instances, memories, contexts, funcs }) => {
      const instance = instances[builtIn.instance]!;
      const parts = { memories, contexts, passingOfResult, elementsOf: copied };
      const func = concurrentBuiltIn(builtIn, store, instance, parts);
      funcs.push(
        waits && instance.mayWait && builtIn.name !== 'task.return'
          ? suspending(func, builtInType(builtIn.name))
          : (func as CoreFunction),
      );
    };
  }
}

/** Memories for one core instance, under the names by which it imports them. */
function lentImports(pools: readonly MemoryPool[], releases: Instantiation['releases']): Record<string, unknown> {
  const imports: Record<string, unknown> = {};
  for (const [place, pool] of pools.entries()) {
    const memory = pool.take();
    releases.push(() => pool.giveBack(memory));
    imports[memoryImport(place)] = memory;
  }
  return imports;
}

/** The core function of a function that is lowered. */
function lowering({ lowered: { params, results } }: Passing, async: boolean): CoreType {
  return { params, results: async ? ['i32'] : results };
}

/** A function for whose answer the guest may have to wait. */
function awaited(func: (...flat: FlatValue[]) => Answer, type: CoreType, { instance }: LiftLowerContext): CoreFunction {
  return instance.mayWait ? suspending(func, type) : (func as CoreFunction);
}
