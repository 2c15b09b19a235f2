import type { FairQueue } from './fair-queue.ts';
import type { Lane } from './lane.ts';
import type { Supervisor } from './supervisor.ts';

/** How many requests have not begun: in the queue or in a mailbox (invariant 6). */
export class Depth {
  readonly #queue: FairQueue;
  readonly #supervisor: Supervisor;

  constructor(queue: FairQueue, supervisor: Supervisor) {
    this.#queue = queue;
    this.#supervisor = supervisor;
  }

  get all(): number {
    let depth = this.#queue.size;
    for (const batch of this.#supervisor.batches()) depth += batch.notBegun;
    return depth;
  }

  of(lane: Lane): number {
    let depth = lane.size;
    for (const batch of this.#supervisor.batches()) depth += batch.notBegunOf((other) => other === lane);
    return depth;
  }

  ofPlugin({ tenant, plugin }: Lane): number {
    let depth = tenant.queuedOf(plugin);
    for (const batch of this.#supervisor.batches()) depth += batch.notBegunOf((other) => other.plugin === plugin);
    return depth;
  }
}
