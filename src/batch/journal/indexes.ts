/** A set of whole numbers from 0, as ranges: the records that are done are few ranges, however many records there are. */
export class IndexSet {
  /** Start (in) and end (out) of each range, ascending; ranges do not touch. */
  readonly #edges: number[];

  /** @param edges What {@link edges} gave. */
  constructor(edges: readonly number[] = []) {
    this.#edges = [...edges];
  }

  /** Start and end of each range, one after the other. */
  get edges(): readonly number[] {
    return this.#edges;
  }

  /** The numbers below this one are all in the set. */
  get prefix(): number {
    return this.#edges[0] === 0 ? this.#edges[1]! : 0;
  }

  has(index: number): boolean {
    // Inside a range exactly when an odd number of edges lies at or below it.
    return this.#edgesUpTo(index) % 2 === 1;
  }

  /** Adds a number, or so many from it on, which are then all in the set or none. */
  add(index: number, count = 1): void {
    const edges = this.#edges;
    const end = index + count;
    const at = this.#edgesUpTo(index);
    if (at % 2 === 1) return;
    const extendsBefore = at > 0 && edges[at - 1] === index;
    const extendsAfter = edges[at] === end;
    if (extendsBefore && extendsAfter) edges.splice(at - 1, 2);
    else if (extendsBefore) edges[at - 1] = end;
    else if (extendsAfter) edges[at] = index;
    else edges.splice(at, 0, index, end);
  }

  /** How many numbers from one on are in the set, or are not, whichever it is; no more than `most`. */
  run(index: number, most: number): number {
    const at = this.#edgesUpTo(index);
    return at === this.#edges.length ? most : Math.min(this.#edges[at]! - index, most);
  }

  /** How many edges are at or below a number; an end that equals it counts as below. */
  #edgesUpTo(index: number): number {
    let low = 0;
    let high = this.#edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#edges[middle]! <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
