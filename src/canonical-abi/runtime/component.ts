import { type Holding, sum } from '../../component/holding.ts';
import { ControlPage } from '../../instrumentation/control-page.ts';
import type { InstantiateCore } from '../glue.ts';
import { exportedLifts } from '../plan/exported-lifts.ts';
import type { BindingPlan, Lift } from '../plan/plan.ts';
import { calledByHost, invokedByHost, openedByHost } from './async/host-calls.ts';
import { type OpenableFunction, OpenCalls } from './async/open-calls.ts';
import type { Outside } from './async/outside.ts';
import type { Scheduler } from './async/scheduler.ts';
import { canSwitchStacks } from './async/stack-switching.ts';
import { waitingInstances } from './async/waiting-instances.ts';
import { type ByteCall, ByteCalls } from './calls/byte-calls.ts';
import { ComponentInstance } from './component-instance.ts';
import { type ExportBuilder, exportBuilder } from './exports.ts';
import { type HostFunction, type LiftedFunction, liftedForHost } from './functions.ts';
import type { GuardImport, HostImports } from './host-imports.ts';
import { asyncLift, type Instantiation, liftedFunction, pick } from './instantiation.ts';
import { type KeptBinding, keepBinding } from './kept-binding.ts';
import type { MemoryPool, OnDropped } from './memory-pool.ts';
import { Passings } from './passings.ts';
import { type ResourceFunction, resourceFunction } from './resource-functions.ts';
import { typeOfHeld } from './resources.ts';
import { type Step, Steps } from './steps.ts';
import { type Limits, Store } from './store.ts';

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
  /** Its calls, where they may go on beside each other. */
  readonly openCalls: OpenCalls | undefined;
  /** A function by its number among `exportedLifts`, on bytes; undefined where jco's glue runs it. */
  readonly byteCall: ((number: number) => ByteCall) | undefined;
  /** A function that may pass resources of the instance; undefined if there is none, or jco's glue runs it. */
  resourceFunction(interfaceName: string | undefined, name: string): ResourceFunction | undefined;
  /** The number of a resource type among those of the plan. */
  resourceNumber(resource: object): number;
  /**
   * Has the guest's memories grow by what it takes to allocate so much, between two calls. What is thrown is a fault.
   *
   * @returns whether the guest has as much to spend as before.
   */
  reserve(bytes: number): boolean;
  /** Notes its own books of the instance, between two calls. @returns why it cannot bring them back, if so. */
  keep(): KeptBinding | string;
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
  readonly #passings: Passings;
  #byteCalls: ByteCalls | undefined;
  readonly #memories: readonly MemoryPool[];
  /** The page that modules with checks look at. */
  readonly control: ControlPage;

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
    this.control = control;
    this.#plan = plan;
    this.#limits = limits;
    const usesWords = plan.initializers.some(
      (step) => step.kind === 'built-in' && (step.name === 'context.get' || step.name === 'context.set'),
    );
    this.#threads = plan.lineages !== undefined ? 'concurrent' : usesWords ? 'words' : 'none';
    this.#mayWait = waiting === 'promise' && canSwitchStacks ? waitingInstances(plan) : new Set();
    this.#passings = new Passings(plan);
    const steps = new Steps(plan, modules, this.#passings, control, onDropped);
    this.#steps = plan.initializers.map((initializer) => steps.of(initializer));
    this.#memories = steps.memories;
    this.#exports = exportBuilder(plan.exports, (lift) => this.#boundToHost(lift));
  }

  /**
   * Makes an instance, which runs the start functions of its core modules.
   *
   * @param instantiateCore Makes a core instance; sees each of them.
   * @param guard For imports that are not the engine's own. @default none are
   * @param outside Where it waits for the host, on a thread that blocks for that.
   * @throws {PluginError} `ERR_UNKNOWN_IMPORT` when the host lacks an import.
   * @throws {WebAssembly.LinkError} when the core modules do not fit together, and whatever ends a start function.
   */
  instantiate(
    imports: HostImports,
    instantiateCore: InstantiateCore = newInstance,
    guard?: GuardImport,
    outside?: Outside,
  ): LiveComponent {
    const instantiation: Instantiation = {
      imports,
      guard,
      instantiateCore,
      store: new Store(this.#limits, this.#threads, this.control, outside),
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
        resourceFunction: (interfaceName, name) => this.#resourceFunction(instantiation, interfaceName, name),
        resourceNumber: (resource) => instantiation.store.resources.indexOf(typeOfHeld(resource)!),
        reserve: (bytes) => instantiation.contexts.every((context) => context.reserve(bytes)),
        keep: () => this.#irreversible ?? keepBinding(instantiation),
        openCalls: instantiation.store.scheduler && this.#openCalls(instantiation, instantiation.store.scheduler),
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Whether its calls may wait for each other. */
  get goesOn(): boolean {
    return this.#threads === 'concurrent';
  }

  get #irreversible(): string | undefined {
    return this.goesOn ? 'its calls may wait for each other' : this.#plan.irreversible;
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
    const passing = this.#passings.at(lift.signature, 'host');
    if (this.#threads !== 'concurrent') {
      return (instantiation) => liftedForHost(liftedFunction(instantiation, lift), passing);
    }
    const signature = this.#plan.signatures[lift.signature]!;
    const invoked = this.#waiting === 'promise' ? invokedByHost : calledByHost;
    return (instantiation) => invoked(asyncLift(instantiation, lift, signature, passing, 'host'));
  }

  #lifted(instantiation: Instantiation, interfaceName: string, name: string): LiftedFunction | undefined {
    if (this.#threads === 'concurrent') return undefined;
    const lift = this.#liftOf(interfaceName, name);
    return lift && liftedFunction(instantiation, lift);
  }

  #openCalls(instantiation: Instantiation, scheduler: Scheduler): OpenCalls {
    const bound = new Map<Lift, OpenableFunction>();
    return new OpenCalls(scheduler, (owner, name) => {
      const lift = this.#liftOf(owner, name);
      if (lift === undefined) return undefined;
      let func = bound.get(lift);
      if (func === undefined) {
        const passing = this.#passings.at(lift.signature, 'host');
        const lifted = asyncLift(instantiation, lift, this.#plan.signatures[lift.signature]!, passing, 'host');
        func = { open: openedByHost(lifted), misfit: (values) => passing.misfitOfParams(values) };
        bound.set(lift, func);
      }
      return func;
    });
  }

  #liftOf(owner: string | undefined, name: string): Lift | undefined {
    const found = this.#plan.exports.find((item) => item.name === (owner ?? name));
    const item = found?.kind === 'instance' ? found.exports.find((member) => member.name === name) : found;
    return item?.kind === 'func' ? item.lift : undefined;
  }

  #resourceFunction(
    instantiation: Instantiation,
    interfaceName: string | undefined,
    name: string,
  ): ResourceFunction | undefined {
    const { signatures, types } = this.#plan;
    const found = exportedLifts(this.#plan).find((item) => item.interface === interfaceName && item.name === name);
    if (found === undefined) return undefined;
    const call = this.#boundToHost(found.lift)(instantiation);
    return resourceFunction(call, signatures[found.lift.signature]!, types, instantiation.store.resources);
  }

  #byteCall(instantiation: Instantiation, number: number): ByteCall {
    this.#byteCalls ??= new ByteCalls(this.#plan);
    const { lift } = this.#byteCalls.lift(number);
    return this.#byteCalls.bind(number, liftedFunction(instantiation, lift));
  }
}

function newInstance(module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance {
  return new WebAssembly.Instance(module, imports);
}
