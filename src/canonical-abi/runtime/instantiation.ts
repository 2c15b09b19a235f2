import type { InstantiateCore } from '../glue.ts';
import type { CoreRef, Lift } from '../plan/plan.ts';
import type { ComponentInstance } from './component-instance.ts';
import type { LiftLowerContext } from './context.ts';
import type { CoreFunction, LiftedFunction } from './functions.ts';
import type { GuardImport, HostImports } from './host-imports.ts';
import type { GuestMemory } from './memory.ts';
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

export function pick<T>(from: readonly T[], indices: readonly number[]): readonly T[] {
  return indices.map((index) => from[index]!);
}

/** `coreInstances` hold exports objects of the engine's and null-prototype objects, so that names find nothing else. */
export function coreDefinition({ coreInstances, funcs }: Instantiation, ref: CoreRef): unknown {
  return 'func' in ref ? funcs[ref.func] : coreInstances[ref.instance]![ref.name];
}
