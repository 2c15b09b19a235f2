import type { Enterable } from './entering.ts';
import { HandleTable } from './handles.ts';

/** `ComponentInstance` of the specification ("Component Instances"). */
export class ComponentInstance implements Enterable {
  readonly handles: HandleTable = new HandleTable();
  /** Whether it may be called. Stays false after a trap, so that nothing enters what may be broken. */
  mayEnter = true;
  /** Whether it may call its imports; not while it allocates for the host or cleans up after it. */
  mayLeave = true;
  /** How often `backpressure.inc` was called, less the calls of `backpressure.dec`. */
  backpressure = 0;
}
