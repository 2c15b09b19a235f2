import { brokenAbi } from '../../glue.ts';
import type { Boundary } from '../codec.ts';
import type { LiftLowerContext } from '../context.ts';
import type { Chunk, Elements } from './elements.ts';

/** `Buffer` of the specification: where a copy takes from or puts to. */
export interface Buffer {
  /** How many elements there is room for, or are left. */
  readonly remain: number;
  readonly isZeroLength: boolean;
  /** Takes the next elements; bytes are good until guest code runs. */
  read(count: number, boundary: Boundary): Chunk;
  /** Puts elements of a chunk, from its start. */
  write(chunk: Chunk, count: number, boundary: Boundary): void;
}

/** `Buffer.MAX_LENGTH` of the specification. */
const MAX_LENGTH = 2 ** 28 - 1;

/** `BufferGuestImpl` of the specification: a part of a guest's memory. */
export class GuestBuffer implements Buffer {
  readonly #cx: LiftLowerContext;
  readonly #elements: Elements;
  #pointer: number;
  readonly #length: number;
  progress = 0;

  /** @throws {PluginError} `ERR_INVALID_RESPONSE` for a place beyond the end of memory. */
  constructor(cx: LiftLowerContext, elements: Elements, pointer: number, length: number) {
    if (length > MAX_LENGTH) throw brokenAbi(`a buffer of ${length} elements; ${MAX_LENGTH} are the most`, {});
    if (elements.size > 0 && length > 0) {
      cx.memory.refresh();
      cx.check(pointer, elements.alignment, length * elements.size, 'a buffer');
    }
    this.#cx = cx;
    this.#elements = elements;
    this.#pointer = pointer;
    this.#length = length;
  }

  get remain(): number {
    return this.#length - this.progress;
  }

  get isZeroLength(): boolean {
    return this.#length === 0;
  }

  read(count: number, boundary: Boundary): Chunk {
    this.#cx.memory.refresh();
    const chunk = this.#elements.load(this.#cx, boundary, this.#pointer, count);
    this.#advance(count);
    return chunk;
  }

  write(chunk: Chunk, count: number, boundary: Boundary): void {
    this.#cx.memory.refresh();
    this.#elements.store(this.#cx, boundary, this.#pointer, chunk, 0, count);
    this.#advance(count);
  }

  #advance(count: number): void {
    this.#pointer += count * this.#elements.size;
    this.progress += count;
  }
}
