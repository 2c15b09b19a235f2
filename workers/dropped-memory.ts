import type { Holding } from '../src/component/holding.ts';
import { collectGarbage } from '../src/thread/collect-garbage.ts';

/**
 * The books of memories that instances on this thread have left behind. V8 frees them when it collects garbage, and does
 * not see that there is any: of 30 MiB a few words are in its heap. So what was dropped is counted until it is
 * collected, and is collected when it is more than the thread may leave lying (invariant 14).
 */
export class DroppedMemory {
  /** The most that the thread may leave lying. */
  readonly limits: Holding;
  readonly #collect: () => boolean;
  #bytes = 0;
  #memories = 0;
  #state: 'collects' | 'cannot' = 'collects';

  /**
   * @param limits The most that the thread may leave lying.
   * @param collect Collects all garbage of the thread; false where it cannot.
   */
  constructor(limits: Holding, collect: () => boolean = collectGarbage) {
    this.limits = limits;
    this.#collect = collect;
  }

  /** Bytes that have not been collected. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A memory of so many bytes has no owner any more. */
  readonly add = (bytes: number): void => {
    this.#bytes += bytes;
    this.#memories++;
  };

  /** Whether more is left lying than may be. */
  get isOver(): boolean {
    return this.#bytes > this.limits.bytes || this.#memories > this.limits.memories;
  }

  /** Collects what was dropped if that is too much. Where it cannot be, it stays so, and the thread has to be replaced. */
  settle(): void {
    if (!this.isOver || this.#state === 'cannot') return;
    if (this.#collect()) this.#bytes = this.#memories = 0;
    else this.#state = 'cannot';
  }
}
