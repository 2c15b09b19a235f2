import type { Flight, Runnable } from './flight.ts';

/** Records that are done and not taken: in the order in which they were done, or by their index. */
export class Results<Item extends Runnable> {
  readonly #order: 'by-index' | 'as-done';
  #done: Flight<Item>[] = [];
  #doneAt = 0;
  readonly #byIndex = new Map<number, Flight<Item>>();
  #taken = 0;

  constructor(order: 'by-index' | 'as-done') {
    this.#order = order;
  }

  /** How many were taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Whether the next one is there. */
  get ready(): boolean {
    return this.#order === 'by-index' ? this.#byIndex.has(this.#taken) : this.#doneAt < this.#done.length;
  }

  add(flight: Flight<Item>): void {
    if (this.#order === 'by-index') this.#byIndex.set(flight.index, flight);
    else this.#done.push(flight);
  }

  take(): Flight<Item> | undefined {
    const result = this.#order === 'by-index' ? this.#takeNext() : this.#takeAny();
    if (result !== undefined) this.#taken++;
    return result;
  }

  #takeNext(): Flight<Item> | undefined {
    const result = this.#byIndex.get(this.#taken);
    if (result !== undefined) this.#byIndex.delete(this.#taken);
    return result;
  }

  #takeAny(): Flight<Item> | undefined {
    if (this.#doneAt === this.#done.length) return undefined;
    const result = this.#done[this.#doneAt++];
    if (this.#doneAt === this.#done.length) {
      this.#done = [];
      this.#doneAt = 0;
    }
    return result;
  }
}
