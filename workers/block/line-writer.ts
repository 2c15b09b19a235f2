import type { Buffer } from 'node:buffer';
import { type Done, deadLetterLine, outputLine, plainLine } from '../../src/batch/file/result-line.ts';
import { NEWLINE } from '../../src/block/json-marks.ts';
import { type WordedBytes, worded } from '../../src/block/plain-bytes.ts';
import { SideKind } from '../../src/block/side.ts';
import type { LineRecipe } from '../../src/block/source.ts';
import { Constant } from './constant.ts';
import { MOST_EXPANSION, writeJsonText, writeNumber, writePlainText } from './json-text.ts';
import type { Region } from './region.ts';
import { note } from './side-notes.ts';

/** Longer texts are written by `JSON.stringify`, which beats a loop then. */
const LONG = 4096;

const ID = new Constant('{"id":');
const INDEX_AFTER_ID = new Constant(',"index":');
const INDEX = new Constant('{"index":');
const OUTPUT = new Constant(',"ok":true,"output":"');
const SUCCESS = new Constant('","success":true}\n');
/** More than the constant parts of a line take. */
const FRAME = 128;

/** Writes results as the lines of the output, and the dead letters of those that are none. */
export class LineWriter {
  readonly #recipe: LineRecipe;
  readonly #output: Region;
  readonly #side: Region;
  readonly #words: WordedBytes;
  readonly #view: DataView;

  constructor(recipe: LineRecipe, output: Region, side: Region) {
    this.#recipe = recipe;
    this.#output = output;
    this.#side = side;
    this.#words = worded(output.bytes);
    const { buffer, byteOffset, byteLength } = output.bytes;
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  /** Whether {@link writeBytes} may be asked for. */
  takesBytes(outputLength: number, idLength: number): boolean {
    return outputLength <= LONG && outputLength * MOST_EXPANSION + FRAME + idLength <= this.#output.room;
  }

  /**
   * Writes a success as bytes.
   *
   * @param ids Where the id stands as JSON, from `idAt` to `idEnd`; no record without one has an `idAt` above -1.
   */
  writeBytes(
    index: number,
    ids: Buffer,
    idAt: number,
    idEnd: number,
    memory: Buffer,
    outputAt: number,
    outputLength: number,
  ): void {
    const { bytes, end: start } = this.#output;
    if (this.#recipe.output === 'lines') {
      const end = writePlainText(memory, outputAt, outputLength, bytes, start);
      bytes[end] = NEWLINE;
      this.#output.end = end + 1;
      return;
    }
    const view = this.#view;
    let end = start;
    if (idAt < 0) end = INDEX.write(view, end);
    else {
      end = ID.write(view, end);
      for (let at = idAt; at < idEnd; at++) bytes[end++] = ids[at]!;
      end = INDEX_AFTER_ID.write(view, end);
    }
    end = writeNumber(index, bytes, end);
    end = OUTPUT.write(view, end);
    end = writeJsonText(memory, outputAt, outputLength, bytes, end, this.#words);
    this.#output.end = SUCCESS.write(view, end);
  }

  /** Writes what became of a record. */
  write(done: Done): void {
    const line = this.#recipe.output === 'jsonl' ? outputLine(done) : plainLine(done);
    this.#output.addText(`${line}\n`);
    if (this.#recipe.letters === 'yes' && !done.response?.success) {
      note(this.#side, SideKind.letter, deadLetterLine(done));
    }
  }
}
