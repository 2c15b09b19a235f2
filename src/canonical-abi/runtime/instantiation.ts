import type { InstantiateCore } from '../glue.ts';
import type { CoreRef, Lift, Signature } from '../plan/plan.ts';
import type { AsyncLift } from './async/async-lift.ts';
import type { GuestFunction } from './async/guest-function.ts';
import { guestFunction } from './async/prepare.ts';
import type { Boundary } from './codec.ts';
import type { ComponentInstance } from './component-instance.ts';
import type { LiftLowerContext } from './context.ts';
import type { CoreFunction } from './flat-value.ts';
import type { LiftedFunction } from './functions.ts';
import type { GuardImport, HostImports } from './host-imports.ts';
import type { GuestMemory } from './memory.ts';
import type { CoreType, Passing } from './passing.ts';
import type { Store } from './store.ts';

/** The index spaces of one instance, to which the initializers append. */
export interface Instantiation {
  readonly imports: HostImports;
  readonly guard: GuardImport | undefined;
  readonly instantiateCore: InstantiateCore;
  readonly store: Store;
  readonly instances: readonly ComponentInstance[];
  readonly coreInstances: Readonly<Record<string, unknown>>[];
  readonly memories: GuestMemory[];
  readonly contexts: LiftLowerContext[];
  readonly funcs: CoreFunction[];
  /** What gives back what the instance has been lent. */
  readonly releases: (() => void)[];
}

/** The function that a {@link Lift} stands for, in one instance. */
export function liftedFunction(instantiation: Instantiation, lift: Lift): LiftedFunction {
  const { func, context, postReturn, entering } = lift;
  return {
    core: coreDefinition(instantiation, func) as CoreFunction,
    cx: instantiation.contexts[context]!,
    postReturn: postReturn === undefined ? undefined : (coreDefinition(instantiation, postReturn) as CoreFunction),
    entering: pick(instantiation.instances, entering),
  };
}

/** The same, in a component whose calls may wait for each other. */
export function asyncLift(
  instantiation: Instantiation,
  lift: Lift,
  { async: isAsync, result }: Signature,
  passing: Passing,
  boundary: Boundary,
): AsyncLift {
  const { func, context, postReturn, callback, async, entering } = lift;
  const cx = instantiation.contexts[context]!;
  const guest = (ref: CoreRef, type: CoreType): GuestFunction =>
    guestFunction(coreDefinition(instantiation, ref) as CoreFunction, type, cx);
  const { params } = passing.lifted;
  return {
    func: guest(func, async ? { params, results: callback === undefined ? [] : ['i32'] } : passing.lifted),
    callback: callback === undefined ? undefined : guest(callback, CALLBACK),
    returnsByBuiltIn: async ?? false,
    isAsync: isAsync ?? false,
    resultType: result,
    cx,
    postReturn: postReturn === undefined ? undefined : (coreDefinition(instantiation, postReturn) as CoreFunction),
    entering: pick(instantiation.instances, entering),
    passing,
    boundary,
  };
}

const CALLBACK: CoreType = { params: ['i32', 'i32', 'i32'], results: ['i32'] };

export function pick<T>(from: readonly T[], indices: readonly number[]): readonly T[] {
  return indices.map((index) => from[index]!);
}

/** `coreInstances` hold exports objects of the engine's and null-prototype objects, so that names find nothing else. */
export function coreDefinition({ coreInstances, funcs }: Instantiation, ref: CoreRef): unknown {
  return 'func' in ref ? funcs[ref.func] : coreInstances[ref.instance]![ref.name];
}
