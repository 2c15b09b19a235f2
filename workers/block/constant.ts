import { asciiBytes } from '../../src/block/json-marks.ts';

/** A text of ASCII that is written often, four bytes at a time. */
export class Constant {
  readonly #words: readonly number[];
  readonly #length: number;

  constructor(text: string) {
    const bytes = new Uint8Array((text.length + 3) & ~3);
    bytes.set(asciiBytes(text));
    const view = new DataView(bytes.buffer);
    this.#words = Array.from({ length: bytes.length / 4 }, (_, index) => view.getInt32(index * 4, true));
    this.#length = text.length;
  }

  /** Writes it, and up to three bytes more, for which there has to be room. Returns where it ends. */
  write(to: DataView, start: number): number {
    const words = this.#words;
    for (let index = 0; index < words.length; index++) to.setInt32(start + index * 4, words[index]!, true);
    return start + this.#length;
  }
}
