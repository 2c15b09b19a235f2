import type { ComponentInstance } from './component-instance.ts';
import type { CoreFunction } from './flat-value.ts';
import { assertMayLeave } from './functions.ts';
import { destroy, type ResourceType } from './resources.ts';
import type { Store } from './store.ts';

/* `canon resource.new`, `canon resource.rep` and `canon resource.drop` of the specification. */

export function resourceNew(store: Store, instance: ComponentInstance, type: ResourceType): CoreFunction {
  return guarded(store, instance, (rep) => {
    assertMayLeave(instance);
    return instance.handles.add({ type, rep, borrowScope: undefined, lends: 0 });
  });
}

export function resourceRep(store: Store, instance: ComponentInstance, type: ResourceType): CoreFunction {
  return guarded(store, instance, (index) => instance.handles.get(index, type).rep as number);
}

/** @param entering The component instances that a call of the destructor enters. */
export function resourceDrop(
  store: Store,
  instance: ComponentInstance,
  type: ResourceType,
  entering: readonly ComponentInstance[],
): CoreFunction {
  return guarded(store, instance, (index) => {
    assertMayLeave(instance);
    const { rep, borrowScope } = instance.handles.remove(index, type);
    if (borrowScope === undefined) destroy(type, rep, entering);
    else borrowScope.borrows--;
    return undefined;
  });
}

function guarded(
  store: Store,
  instance: ComponentInstance,
  builtIn: (operand: number) => number | undefined,
): CoreFunction {
  return (operand) => {
    try {
      return builtIn(operand as number);
    } catch (error) {
      store.poison(instance, error);
      throw error;
    }
  };
}
