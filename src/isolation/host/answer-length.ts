/** How much of an estimate stays when an answer was shorter. */
const MEMORY = 0.9;

/**
 * How long the answers of a plugin are, as a guess from those that came: the longest of late. A child holds what it has
 * answered until it is read here, so it is given no more at a time than it may hold the answers of.
 */
export class AnswerLength {
  #bytes: number;

  /** @param first What is thought of the first ones. */
  constructor(first: number) {
    this.#bytes = first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  learn(bytes: number): void {
    this.#bytes = Math.max(bytes, Math.floor(MEMORY * this.#bytes));
  }
}
