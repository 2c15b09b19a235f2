/** A place that was taken. */
export interface Turn {
  /** Gives it up, while the work goes on beside what takes it next. */
  yield(): void;
  /** The work is over. */
  release(): void;
}

interface Waiting {
  readonly start: (turn: Turn) => void;
}

/**
 * Places that groups take by turns, whatever the order of arrival, so that nobody waits behind another group's backlog
 * (invariant 3). Work that takes long yields its place, up to a bound; what is last of that goes to no group that has some.
 */
export class Turns {
  readonly #places: number;
  readonly #most: number;
  /** In the order in which groups are served next. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  readonly #held = new Map<string, number>();
  #taken = 0;
  #running = 0;

  /**
   * @param places Work at a time.
   * @param most The same, with what has yielded its place.
   */
  constructor(places: number, most: number) {
    this.#places = places;
    this.#most = most;
  }

  /** Resolves with a place. @throws the reason of a signal that is aborted first. */
  take(group: string, signal?: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const give = (): void => {
        this.#remove(group, waiting);
        reject(signal?.reason);
      };
      const waiting: Waiting = {
        start: (turn) => {
          signal?.removeEventListener('abort', give);
          resolve(turn);
        },
      };
      const set = this.#waiting.get(group) ?? new Set();
      this.#waiting.set(group, set.add(waiting));
      signal?.addEventListener('abort', give, { once: true });
      this.#next();
    });
  }

  #next(): void {
    for (const [group, set] of this.#waiting) {
      if (this.#taken >= this.#places || this.#running >= this.#most) return;
      const held = this.#held.get(group) ?? 0;
      if (held > 0 && this.#running === this.#most - 1) continue;
      const [waiting] = set;
      this.#remove(group, waiting!);
      // To the end of the round, if there is more of it.
      if (set.size > 0) this.#waiting.set(group, set);
      this.#held.set(group, held + 1);
      waiting!.start(this.#turn(group));
    }
  }

  #turn(group: string): Turn {
    this.#taken++;
    this.#running++;
    let state: 'taken' | 'yielded' | 'over' = 'taken';
    const leave = (): void => {
      if (state === 'taken') this.#taken--;
    };
    return {
      yield: () => {
        leave();
        if (state === 'taken') state = 'yielded';
        this.#next();
      },
      release: () => {
        if (state === 'over') return;
        leave();
        state = 'over';
        this.#running--;
        const held = this.#held.get(group)! - 1;
        if (held === 0) this.#held.delete(group);
        else this.#held.set(group, held);
        this.#next();
      },
    };
  }

  #remove(group: string, waiting: Waiting): void {
    const set = this.#waiting.get(group);
    set?.delete(waiting);
    this.#waiting.delete(group);
    if (set !== undefined && set.size > 0) this.#waiting.set(group, set);
  }
}
