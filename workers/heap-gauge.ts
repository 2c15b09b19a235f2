import { getHeapStatistics } from 'node:v8';

/** The heap is asked for its size no more often than this: the answer takes microseconds. */
const HEAP_CHECK_INTERVAL_MS = 50;
/** A heap this full is replaced while it can still be done in peace. */
const TIGHT_HEAP = 0.5;

/** How full the heap of this thread is. */
export class HeapGauge {
  readonly #isLittered: () => boolean;
  #checkedAt = 0;
  /** What was found then, which holds until the next look. */
  #was: 'roomy' | 'tight' = 'roomy';

  /** @param isLittered Whether there is what should have been collected and was not. */
  constructor(isLittered: () => boolean) {
    this.#isLittered = isLittered;
  }

  state(now: number): 'roomy' | 'tight' {
    // It could not be collected, so it goes with the thread.
    if (this.#isLittered()) return 'tight';
    if (now - this.#checkedAt < HEAP_CHECK_INTERVAL_MS) return this.#was;
    this.#checkedAt = now;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    this.#was = used > limit * TIGHT_HEAP ? 'tight' : 'roomy';
    return this.#was;
  }
}
