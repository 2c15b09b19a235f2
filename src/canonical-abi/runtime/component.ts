import { type Holding, sum } from '../../component/holding.ts';
import { CONTROL_IMPORT, ControlPage } from '../../instrumentation/control-page.ts';
import type { InstantiateCore } from '../glue.ts';
import { builtInType } from '../plan/built-ins.ts';
import { type BindingPlan, type Initializer, type Lift, MEMORY_IMPORT, type Signature } from '../plan/plan.ts';
import { concurrentBuiltIn, mayWait } from './async/built-ins.ts';
import { type Elements, elementsOf } from './async/elements.ts';
import { calledByHost, invokedByHost } from './async/host-calls.ts';
import { loweredFromAsyncHost } from './async/host-functions.ts';
import { type Answer, lowered } from './async/lower.ts';
import { canSwitchStacks, suspending } from './async/stack-switching.ts';
import { waitingInstances } from './async/waiting-instances.ts';
import { builtInFunction, type SynchronousBuiltIn } from './built-ins.ts';
import { type ByteCall, ByteCalls } from './calls/byte-calls.ts';
import type { Boundary, Codec } from './codec.ts';
import { codecsOf } from './codecs.ts';
import { ComponentInstance } from './component-instance.ts';
import { LiftLowerContext, type Realloc } from './context.ts';
import { countedPassing, loweredFromEmbedder } from './embedder-function.ts';
import { type ExportBuilder, exportBuilder } from './exports.ts';
import type { CoreFunction, FlatValue } from './flat-value.ts';
import { adapted, type HostFunction, type LiftedFunction, liftedForHost, loweredFromHost } from './functions.ts';
import { type GuardImport, type HostImports, hostFunction } from './host-imports.ts';
import { asyncLift, coreDefinition, type Instantiation, liftedFunction, pick } from './instantiation.ts';
import { GuestMemory } from './memory.ts';
import { MemoryPool, type OnDropped } from './memory-pool.ts';
import { ASYNC_FLAT_LIMITS, type CoreType, FLAT_LIMITS, type Passing, passingOf } from './passing.ts';
import { resourceDrop, resourceNew, resourceRep } from './resource-builtins.ts';
import { type Limits, Store } from './store.ts';
import { onOwnThread } from './thread-storage.ts';

type Step = (instantiation: Instantiation) => void;

/**
 * How the host waits for a function of a component that is async. `promise`: it gets one, and other calls go on meanwhile.
 * `block`: the function returns when it has its result, as one that is not async; what it waits for must be done by then.
 */
export type Waiting = 'promise' | 'block';

/** One live instance of a component. */
export interface LiveComponent {
  /** Interfaces by the names under which they are exported, functions in camel case, resources as classes. */
  readonly exports: Readonly<Record<string, unknown>>;
  /**
   * A function of an exported interface, for a caller that lowers and lifts by itself; undefined if there is none, or its
   * calls may wait for others.
   */
  lifted(interfaceName: string, name: string): LiftedFunction | undefined;
  /** A function by its number among `exportedLifts`, on bytes; undefined where jco's glue runs it. */
  readonly byteCall: ((number: number) => ByteCall) | undefined;
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
  readonly #threads: 'none' | 'words' | 'concurrent';
  readonly #waiting: Waiting;
  /** The component instances that may have to wait on a stack of their own. */
  readonly #mayWait: ReadonlySet<number>;
  readonly #steps: readonly Step[];
  readonly #exports: ExportBuilder;
  readonly #codecs = new Map<Boundary, readonly Codec[]>();
  readonly #passings = new Map<string, Passing>();
  #byteCalls: ByteCalls | undefined;
  readonly #memories: MemoryPool[] = [];
  readonly #onDropped: OnDropped;
  /** The page that modules with checks look at. */
  readonly control: ControlPage;
  readonly #controlImport: Readonly<Record<string, WebAssembly.Memory>>;

  /**
   * @param modules The core modules of the component, in the order of the file.
   * @param onDropped Hears of each memory that was lent and is not kept for the next instance.
   * @param control The page of the thread. @default one of its own
   * @param waiting How the host waits for functions that are async. @default 'promise'
   */
  constructor(
    plan: BindingPlan,
    modules: readonly WebAssembly.Module[],
    limits: Limits,
    onDropped: OnDropped = () => {},
    control: ControlPage = new ControlPage(),
    waiting: Waiting = 'promise',
  ) {
    this.#waiting = waiting;
    this.#onDropped = onDropped;
    this.control = control;
    this.#controlImport = { [CONTROL_IMPORT]: control.memory as WebAssembly.Memory };
    this.#plan = plan;
    this.#limits = limits;
    const usesWords = plan.initializers.some(
      (step) => step.kind === 'built-in' && (step.name === 'context.get' || step.name === 'context.set'),
    );
    this.#threads = plan.lineages !== undefined ? 'concurrent' : usesWords ? 'words' : 'none';
    this.#mayWait = waiting === 'promise' && canSwitchStacks ? waitingInstances(plan) : new Set();
    this.#steps = plan.initializers.map((initializer) => this.#step(initializer, modules));
    this.#exports = exportBuilder(plan.exports, (lift) => this.#boundToHost(lift));
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
      store: new Store(this.#limits, this.#threads, this.control),
      instances: this.#componentInstances(),
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
      return {
        exports,
        lifted: (interfaceName, name) => this.#lifted(instantiation, interfaceName, name),
        byteCall: (number) => this.#byteCall(instantiation, number),
        release,
      };
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

  #componentInstances(): readonly ComponentInstance[] {
    const { instances: count, lineages } = this.#plan;
    const instances = Array.from({ length: count }, () => new ComponentInstance());
    for (const [index, lineage] of lineages?.entries() ?? []) {
      instances[index]!.lineage = pick(instances, lineage);
      instances[index]!.mayWait = this.#mayWait.has(index);
    }
    return instances;
  }

  #boundToHost(lift: Lift): (instantiation: Instantiation) => HostFunction {
    const passing = this.#passing(lift.signature, 'host');
    if (this.#threads !== 'concurrent') {
      return (instantiation) => liftedForHost(liftedFunction(instantiation, lift), passing);
    }
    const signature = this.#plan.signatures[lift.signature]!;
    const invoked = this.#waiting === 'promise' ? invokedByHost : calledByHost;
    return (instantiation) => invoked(asyncLift(instantiation, lift, signature, passing, 'host'));
  }

  #lifted(instantiation: Instantiation, interfaceName: string, name: string): LiftedFunction | undefined {
    if (this.#threads === 'concurrent') return undefined;
    const owner = this.#plan.exports.find((item) => item.name === interfaceName);
    const found = owner?.kind === 'instance' ? owner.exports.find((item) => item.name === name) : undefined;
    return found?.kind === 'func' ? liftedFunction(instantiation, found.lift) : undefined;
  }

  #byteCall(instantiation: Instantiation, number: number): ByteCall {
    this.#byteCalls ??= new ByteCalls(this.#plan);
    const { lift } = this.#byteCalls.lift(number);
    return this.#byteCalls.bind(number, liftedFunction(instantiation, lift));
  }

  #passing(index: number, boundary: Boundary, limits = FLAT_LIMITS): Passing {
    return this.#passingOf(this.#plan.signatures[index]!, boundary, limits);
  }

  #passingOf(signature: Signature, boundary: Boundary, limits = FLAT_LIMITS): Passing {
    const key = `${boundary} ${limits.params} ${JSON.stringify(signature)}`;
    let passing = this.#passings.get(key);
    if (passing === undefined) {
      passing = passingOf(signature, this.#plan.types, this.#codecsAt(boundary), limits);
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
          imports[CONTROL_IMPORT] = this.#controlImport;
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
          });
        };
      }
      case 'host-resource':
        return ({ store }) => {
          store.resources.push({ instance: undefined, destructor: undefined, prototype: Object.prototype });
        };
      case 'lower': {
        const { context, path, signature, async = false } = initializer;
        const find = hostFunction(path);
        const passing = this.#passing(signature, 'host', async ? ASYNC_FLAT_LIMITS : FLAT_LIMITS);
        const concurrent = this.#threads === 'concurrent';
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
        const passing = this.#passing(lift.signature, 'guest');
        if (this.#threads === 'concurrent') {
          const signature = this.#plan.signatures[lift.signature]!;
          const how = async ? this.#passing(lift.signature, 'guest', ASYNC_FLAT_LIMITS) : passing;
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
        if (this.#threads === 'concurrent') return this.#concurrentBuiltIn(initializer);
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
      this.#passingOf({ params: type === undefined ? [] : [type] }, boundary);
    const copied = (type: number): Elements =>
      elementsOf((types[type] as { readonly element?: number }).element, types, (boundary) => this.#codecsAt(boundary));
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

/** The core function of a function that is lowered. */
function lowering({ lowered: { params, results } }: Passing, async: boolean): CoreType {
  return { params, results: async ? ['i32'] : results };
}

/** A function for whose answer the guest may have to wait. */
function awaited(func: (...flat: FlatValue[]) => Answer, type: CoreType, { instance }: LiftLowerContext): CoreFunction {
  return instance.mayWait ? suspending(func, type) : (func as CoreFunction);
}

function newInstance(module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance {
  return new WebAssembly.Instance(module, imports);
}
