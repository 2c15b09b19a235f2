import { HandleTable } from './handles.ts';
import { trap } from './trap.ts';

/** `ComponentInstance` of the specification ("Component Instances"). */
export class ComponentInstance {
  readonly handles: HandleTable = new HandleTable();
  /** Whether it may be called. Stays false after a trap, so that nothing enters what may be broken. */
  mayEnter = true;
  /** Whether it may call its imports; not while it allocates for the host or cleans up after it. */
  mayLeave = true;
  /** How often `backpressure.inc` was called, less the calls of `backpressure.dec`. */
  backpressure = 0;
}

/** `may_enter_from` and `enter_from`. @throws a trap. */
export function enter(instances: readonly ComponentInstance[]): void {
  for (let index = 0; index < instances.length; index++) {
    const instance = instances[index]!;
    if (!instance.mayEnter) throw trap('cannot enter component instance');
    instance.mayEnter = false;
  }
}

/** `leave_to`. */
export function leave(instances: readonly ComponentInstance[]): void {
  for (let index = 0; index < instances.length; index++) instances[index]!.mayEnter = true;
}
