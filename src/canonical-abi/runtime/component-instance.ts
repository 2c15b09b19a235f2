import type { Thread } from './async/thread.ts';
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
  /** Itself and the instances that made it; only where calls may wait for each other. */
  lineage: readonly ComponentInstance[] = [];
  /** Whether something that it calls may have it wait on its stack. */
  mayWait = false;
  /** The threads that run in it or wait. */
  readonly threads: Set<Thread> = new Set();
  /** The one that must be alone in the guest's code: of a task that keeps its state in globals. */
  exclusiveThread: Thread | undefined;
  /** How many calls wait until the instance takes them. */
  waitingToEnter = 0;

  /** @returns what brings it back to what it is now, between two calls; not where calls may wait for each other. */
  keep(): () => void {
    const rewindHandles = this.handles.keep();
    const { mayEnter, mayLeave, backpressure } = this;
    return () => {
      rewindHandles();
      Object.assign(this, { mayEnter, mayLeave, backpressure });
    };
  }
}
