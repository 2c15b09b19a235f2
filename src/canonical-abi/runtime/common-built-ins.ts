import type { CommonBuiltIn } from '../plan/plan.ts';
import type { ComponentInstance } from './component-instance.ts';
import type { CoreFunction } from './flat-value.ts';
import type { Store } from './store.ts';
import { trap } from './trap.ts';

const MAX_BACKPRESSURE = 2 ** 16;

/** The core function of a built-in that both kinds of components share. Where calls do not wait for each other, nothing waits for backpressure. */
export function commonBuiltIn(builtIn: CommonBuiltIn, store: Store, instance: ComponentInstance): CoreFunction {
  switch (builtIn.name) {
    case 'context.get': {
      const { slot } = builtIn;
      return () => store.threadStorage!.get(slot);
    }
    case 'context.set': {
      const { slot } = builtIn;
      return (value) => store.threadStorage!.set(slot, value as number) as undefined;
    }
    case 'backpressure.inc':
    case 'backpressure.dec': {
      const change = builtIn.name === 'backpressure.inc' ? 1 : -1;
      return poisoning(store, instance, () => {
        instance.backpressure += change;
        if (instance.backpressure < 0 || instance.backpressure === MAX_BACKPRESSURE) {
          throw trap('backpressure counter out of range');
        }
        return undefined;
      });
    }
  }
}

/** A core function whose faults end the whole component. */
export function poisoning(
  store: Store,
  instance: ComponentInstance,
  func: (...operands: number[]) => number | undefined,
): CoreFunction {
  return (...operands) => {
    try {
      return func(...(operands as number[]));
    } catch (error) {
      store.poison(instance, error);
      throw error;
    }
  };
}
