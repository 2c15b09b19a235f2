import { Tally } from '../../observe/tally.ts';
import type { Lane } from '../../scheduler/lane.ts';

/** What a child counts for each lane: to the books it is a thread. */
export class ChildTallies {
  readonly #tallies = new Map<number, Tally>();
  readonly #thread: number;

  /** @param thread What it is called in the books: a number that no thread has. */
  constructor(thread: number) {
    this.#thread = thread;
  }

  /** None where nothing is counted. */
  of(lane: Lane): Tally | undefined {
    let tally = this.#tallies.get(lane.id);
    if (tally === undefined) {
      const { tally: buffer } = lane.metrics.parcel(this.#thread);
      if (buffer === undefined) return undefined;
      tally = new Tally(buffer);
      this.#tallies.set(lane.id, tally);
    }
    return tally;
  }

  forget(lane: number): void {
    this.#tallies.delete(lane);
  }

  /** The child is gone: what it has counted stays. */
  end({ id, metrics }: Lane): void {
    if (this.#tallies.has(id)) metrics.endedThread(this.#thread);
  }
}
