import { type Holding, sum } from '../../component/holding.ts';
import { CONTROL_IMPORT } from '../../instrumentation/control-page.ts';
import type { InstantiateCore } from '../glue.ts';
import { type BindingPlan, type Initializer, MEMORY_IMPORT } from '../plan/plan.ts';
import { builtInFunction } from './built-ins.ts';
import type { Boundary, Codec } from './codec.ts';
import { codecsOf } from './codecs.ts';
import { ComponentInstance } from './component-instance.ts';
import { LiftLowerContext, type Realloc } from './context.ts';
import { loweredFromEmbedder } from './embedder-function.ts';
import { type ExportBuilder, exportBuilder } from './exports.ts';
import { adapted, type LiftedFunction, loweredFromHost } from './functions.ts';
import { type GuardImport, type HostImports, hostFunction } from './host-imports.ts';
import { coreDefinition, type Instantiation, liftedFunction, pick } from './instantiation.ts';
import { GuestMemory } from './memory.ts';
import { MemoryPool, type OnDropped } from './memory-pool.ts';
import { type Passing, passingOf } from './passing.ts';
import { resourceDrop, resourceNew, resourceRep } from './resource-builtins.ts';
import { type Limits, Store } from './store.ts';
import { onOwnThread } from './thread-storage.ts';

type Step = (instantiation: Instantiation) => void;

/** One live instance of a component. */
export interface LiveComponent {
  /** Interfaces by the names under which they are exported, functions in camel case, resources as classes. */
  readonly exports: Readonly<Record<string, unknown>>;
  /** A function of an exported interface, for a caller that lowers and lifts by itself; undefined if there is none. */
  lifted(interfaceName: string, name: string): LiftedFunction | undefined;
  /** Gives back what the next instance can use. Nothing of the instance may be called afterwards. */
  release(): void;
}

/**
 * A component that is ready to be instantiated, any number of times (wasmtime's `InstancePre`): for every type there is
 * a codec, for every initializer a step, and nothing is looked up by name or interpreted when a call passes.
 */
export class LinkedComponent {
  readonly #plan: BindingPlan;
  readonly #limits: Limits;
  readonly #usesThreadStorage: boolean;
  readonly #steps: readonly Step[];
  readonly #exports: ExportBuilder;
  readonly #codecs = new Map<Boundary, readonly Codec[]>();
  readonly #passings = new Map<string, Passing>();
  readonly #memories: MemoryPool[] = [];
  readonly #onDropped: OnDropped;
  readonly #control: Readonly<Record<string, WebAssembly.Memory>>;

  /**
   * @param modules The core modules of the component, in the order of the file.
   * @param onDropped Hears of each memory that was lent and is not kept for the next instance.
   * @param control The page of {@link CONTROL_IMPORT}, for modules that have checks.
   */
  constructor(
    plan: BindingPlan,
    modules: readonly WebAssembly.Module[],
    limits: Limits,
    onDropped: OnDropped = () => {},
    control?: WebAssembly.Memory,
  ) {
    this.#onDropped = onDropped;
    this.#control = control === undefined ? {} : { [CONTROL_IMPORT]: control };
    this.#plan = plan;
    this.#limits = limits;
    this.#usesThreadStorage = plan.initializers.some(
      (step) => step.kind === 'built-in' && (step.name === 'context.get' || step.name === 'context.set'),
    );
    this.#steps = plan.initializers.map((initializer) => this.#step(initializer, modules));
    this.#exports = exportBuilder(plan.exports, (signature) => this.#passing(signature, 'host'));
  }

  /**
   * Makes an instance, which runs the start functions of its core modules.
   *
   * @param instantiateCore Makes a core instance; sees each of them.
   * @param guard For imports that are not the engine's own. @default none are
   * @throws {PluginError} `ERR_UNKNOWN_IMPORT` when the host lacks an import.
   * @throws {WebAssembly.LinkError} when the core modules do not fit together, and whatever ends a start function.
   */
  instantiate(
    imports: HostImports,
    instantiateCore: InstantiateCore = newInstance,
    guard?: GuardImport,
  ): LiveComponent {
    const instantiation: Instantiation = {
      imports,
      guard,
      instantiateCore,
      store: new Store(this.#limits, this.#usesThreadStorage),
      instances: Array.from({ length: this.#plan.instances }, () => new ComponentInstance()),
      coreInstances: [],
      memories: [],
      contexts: [],
      funcs: [],
      releases: [],
    };
    const release = (): void => {
      for (const giveBack of instantiation.releases.splice(0)) giveBack();
    };
    try {
      for (const step of this.#steps) step(instantiation);
      const exports = this.#exports(instantiation);
      return { exports, lifted: (interfaceName, name) => this.#lifted(instantiation, interfaceName, name), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The memories that wait for the next instance. */
  get idle(): Holding {
    return sum(this.#memories.map(({ idle }) => idle));
  }

  /** Lets go of them: there is no next instance. */
  empty(): void {
    for (const memory of this.#memories) memory.empty();
  }

  #lifted(instantiation: Instantiation, interfaceName: string, name: string): LiftedFunction | undefined {
    const owner = this.#plan.exports.find((item) => item.name === interfaceName);
    const found = owner?.kind === 'instance' ? owner.exports.find((item) => item.name === name) : undefined;
    return found?.kind === 'func' ? liftedFunction(instantiation, found.lift) : undefined;
  }

  #passing(signature: number, boundary: Boundary): Passing {
    const key = `${boundary} ${signature}`;
    let passing = this.#passings.get(key);
    if (passing === undefined) {
      passing = passingOf(this.#plan.signatures[signature]!, this.#plan.types, this.#codecsAt(boundary));
      this.#passings.set(key, passing);
    }
    return passing;
  }

  #codecsAt(boundary: Boundary): readonly Codec[] {
    let codecs = this.#codecs.get(boundary);
    if (codecs === undefined) {
      codecs = codecsOf(this.#plan.types, boundary);
      this.#codecs.set(boundary, codecs);
    }
    return codecs;
  }

  #step(initializer: Initializer, modules: readonly WebAssembly.Module[]): Step {
    switch (initializer.kind) {
      case 'instantiate': {
        const { args, memory: lent } = initializer;
        const module = modules[initializer.module]!;
        const pool = lent && new MemoryPool(lent, this.#onDropped);
        if (pool !== undefined) this.#memories.push(pool);
        return ({ coreInstances, instantiateCore, releases }) => {
          const imports: Record<string, Readonly<Record<string, unknown>>> = Object.create(null);
          for (const { name, instance } of args) imports[name] = coreInstances[instance]!;
          imports[CONTROL_IMPORT] = this.#control;
          if (pool !== undefined) {
            const memory = pool.take();
            releases.push(() => pool.giveBack(memory));
            imports[MEMORY_IMPORT] = { [MEMORY_IMPORT]: memory };
          }
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
              memory === undefined ? noMemory() : memories[memory]!,
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
          });
        };
      }
      case 'host-resource':
        return ({ store }) => {
          store.resources.push({ instance: undefined, destructor: undefined, prototype: Object.prototype });
        };
      case 'lower': {
        const { context, path, signature } = initializer;
        const find = hostFunction(path);
        const passing = this.#passing(signature, 'host');
        return ({ imports, guard, contexts, funcs }) => {
          const found = find(imports);
          const guarded = guard?.(path, found, passing.fallible);
          const cx = contexts[context]!;
          funcs.push(guarded ? loweredFromEmbedder(guarded, passing, cx) : loweredFromHost(found, passing, cx));
        };
      }
      case 'adapt': {
        const { context, lift } = initializer;
        const passing = this.#passing(lift.signature, 'guest');
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
        return ({ store, instances, memories, funcs }) => {
          funcs.push(builtInFunction(initializer, store, instances[initializer.instance]!, memories));
        };
    }
  }
}

function newInstance(module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance {
  return new WebAssembly.Instance(module, imports);
}

let empty: GuestMemory | undefined;

/** For functions that pass nothing in memory. One page, so that it never looks detached. */
function noMemory(): GuestMemory {
  empty ??= GuestMemory.of(new WebAssembly.Memory({ initial: 1 }));
  return empty;
}
