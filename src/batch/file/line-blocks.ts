import { Buffer, isUtf8 } from 'node:buffer';
import { countLines, isLeftOut, LineSource } from '../../block/line-source.ts';
import type { LineRecipe } from '../../block/source.ts';
import type { BlockMemory } from './block-memory.ts';
import type { BatchInput } from './input.ts';
import { FileRecord } from './record.ts';

const NEWLINE = 0x0a;
/** A longer line is refused, so that a file without line breaks does not end up in memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Cuts a file into blocks of whole lines. */
export class LineBlocks {
  readonly #input: Pick<BatchInput, 'read' | 'size'>;
  readonly #recipe: LineRecipe;
  readonly #longest: number;
  readonly #memory: BlockMemory;
  #buffer: Buffer;
  #length = 0;
  /** What was read and did not fit any more. */
  #chunk: Buffer | undefined;
  #state: 'open' | 'ended' = 'open';
  #line: number;
  #index: number;

  /**
   * @param memory Of blocks, which have as many bytes at the most.
   * @param longest Records of a block at the most.
   * @param first Of the first record.
   */
  constructor(
    input: Pick<BatchInput, 'read' | 'size'>,
    recipe: LineRecipe,
    memory: BlockMemory,
    longest: number,
    first: { readonly index: number; readonly line: number },
  ) {
    this.#input = input;
    this.#recipe = recipe;
    this.#memory = memory;
    this.#longest = longest;
    this.#index = first.index;
    this.#line = first.line;
    this.#buffer = memory.take();
  }

  /** Records that were read so far, those before the first one too. */
  get records(): number {
    return this.#index;
  }

  /** The next block, which may be one longer line, the record of a line that is too long for any, or undefined at the end. */
  async next(): Promise<LineSource | FileRecord | undefined> {
    for (;;) {
      const isFull = await this.#fill();
      if (this.#length === 0) {
        if (this.#state === 'ended') return undefined;
        continue;
      }
      const end = this.#state === 'ended' ? this.#length : this.#buffer.lastIndexOf(NEWLINE, this.#length - 1) + 1;
      if (end === 0) {
        if (!isFull) continue;
        const record = await this.#longLine();
        if (record !== undefined) return record;
        continue;
      }
      const source = this.#cut(end);
      if (source !== undefined) return source;
    }
  }

  /** Gives back the memory that nothing was read into. */
  close(): void {
    this.#memory.release(this.#buffer);
  }

  /** Reads until the buffer is full; of a pipe, what there is. */
  async #fill(): Promise<boolean> {
    for (;;) {
      if (this.#chunk !== undefined) {
        const taken = this.#chunk.copy(this.#buffer, this.#length);
        this.#length += taken;
        this.#chunk = taken < this.#chunk.length ? this.#chunk.subarray(taken) : undefined;
        if (this.#length === this.#buffer.length) return true;
        if (this.#input.size === undefined) return false;
      }
      if (this.#state === 'ended') return false;
      this.#chunk = await this.#input.read();
      if (this.#chunk === undefined) this.#state = 'ended';
    }
  }

  /** Makes a block of the lines up to an offset, or of as many as one may have; undefined when all are blank. */
  #cut(until: number): LineSource | undefined {
    const lines = countLines(this.#recipe.kind, this.#buffer.subarray(0, until), this.#longest);
    const bytes = this.#buffer.subarray(0, lines.end);
    const buffer = this.#memory.take();
    this.#buffer.copy(buffer, 0, lines.end, this.#length);
    const source = new LineSource(bytes, this.#recipe, {
      count: lines.records,
      isUtf8: isUtf8(bytes),
      firstIndex: this.#index,
      firstLine: this.#line,
    });
    this.#buffer = buffer;
    this.#length -= lines.end;
    this.#line += lines.lines;
    this.#index += lines.records;
    if (lines.records > 0) return source;
    this.#memory.release(bytes);
    return undefined;
  }

  /** Reads a line that began with all that the buffer holds; undefined when it is blank. */
  async #longLine(): Promise<LineSource | FileRecord | undefined> {
    let pieces = [Buffer.from(this.#buffer)];
    let length = this.#length;
    this.#length = 0;
    for (;;) {
      this.#chunk ??= await this.#input.read();
      if (this.#chunk === undefined) {
        this.#state = 'ended';
        break;
      }
      const newline = this.#chunk.indexOf(NEWLINE);
      const piece = newline === -1 ? this.#chunk : this.#chunk.subarray(0, newline);
      length += piece.length;
      // Of a line that is too long only the length is kept.
      if (length > MAX_LINE_BYTES) pieces = [];
      else pieces.push(Buffer.from(piece));
      this.#chunk =
        newline === -1 || newline + 1 === this.#chunk.length ? undefined : this.#chunk.subarray(newline + 1);
      if (newline !== -1) break;
    }
    const line = this.#line++;
    if (length > MAX_LINE_BYTES) {
      const malformed = `it has ${length} bytes; ${MAX_LINE_BYTES} are the most`;
      const record = new FileRecord(line, { malformed, text: '' });
      record.index = this.#index++;
      record.file = this.#recipe.file;
      return record;
    }
    const bytes = Buffer.concat(pieces);
    if (isLeftOut(this.#recipe.kind, bytes, 0, bytes.length)) return undefined;
    const place = { count: 1, isUtf8: isUtf8(bytes), firstIndex: this.#index++, firstLine: line };
    return new LineSource(bytes, this.#recipe, place);
  }
}
