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

  add(index: number): void {
    const edges = this.#edges;
    const at = this.#edgesUpTo(index);
    if (at % 2 === 1) return;
    const extendsBefore = at > 0 && edges[at - 1] === index;
    const extendsAfter = edges[at] === index + 1;
    if (extendsBefore && extendsAfter) edges.splice(at - 1, 2);
    else if (extendsBefore) edges[at - 1] = index + 1;
    else if (extendsAfter) edges[at] = index;
    else edges.splice(at, 0, index, index + 1);
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
