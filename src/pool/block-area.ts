import { Buffer } from 'node:buffer';

/**
 * What the worker does with a block. The records of a block run in their order, so that one word tells the state of
 * each of them: those below its number are done, those above it have not begun, and of the one at it the low bits say
 * what becomes of it. `last` is running with nothing to come after it, since the main thread took back the rest.
 */
const Cursor = { idle: 0, running: 1, last: 2, killed: 3, recalled: 4 } as const;

const STATE_BITS = 3;
const STATE_MASK = (1 << STATE_BITS) - 1;

/** Bytes of records that one order takes. */
export const BLOCK_INPUT_BYTES: number = 512 * 1024;
const OUTPUT_BYTES = 1024 * 1024;
const SIDE_BYTES = 128 * 1024;

/** No record is begun with less room than this, or its result would have to go by message. */
const OUTPUT_RESERVE = 32 * 1024;
const SIDE_RESERVE = 16 * 1024;

const WORDS = 64;
const CURSOR = 0;
const COUNT = 1;
const INPUT_LENGTH = 2;
const RECIPE = 3;
const VALID = 4;
const TAIL = 5;
const STOP = 6;
/** What is published with a record, twice: while one is written the other one holds. */
const PUBLISHED = 16;
const PUBLISHED_WORDS = 8;
const OUTPUT_END = 0;
const SIDE_END = 1;
const SUCCEEDED = 2;
const REFUSED = 3;
const FAILED = 4;

const NUMBERS_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const FIRST_INDEX = 0;
const FIRST_LINE = 1;
const NUMBERS = 4;

const INPUT_AT = NUMBERS_AT + NUMBERS * Float64Array.BYTES_PER_ELEMENT;
const OUTPUT_AT = INPUT_AT + BLOCK_INPUT_BYTES;
const SIDE_AT = OUTPUT_AT + OUTPUT_BYTES;

/** What a worker is given of a block. */
export interface BlockOrder {
  /** The records, at most {@link BLOCK_INPUT_BYTES}. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** How the records are read and their results are written; 0 for packed ones. */
  readonly recipe: number;
  /** The number of its first record, and of the line on which that stands, if it stands on one. */
  readonly firstIndex: number;
  readonly firstLine: number;
  /** Whether the bytes are known to be UTF-8. */
  readonly isUtf8: boolean;
}

/** What of a block is done. */
export interface BlockProgress {
  /** Records that are done, from the first one of the order. */
  readonly done: number;
  /** Where their results end, and what there is to say beside them. */
  readonly outputEnd: number;
  readonly sideEnd: number;
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
}

/** Why a worker left a block before its end: its time was up or its memory full, or the next record is not its to run. */
export type BlockStop = 'pause' | 'foreign';

/**
 * The memory in which one worker finds the records of a block and leaves their results. The two threads decide by
 * compare-exchange on one word who was first, as in the mailbox; a record has begun exactly when its worker won
 * `running`, and its result counts exactly when its worker won the step to the next one.
 */
export class BlockArea {
  readonly buffer: SharedArrayBuffer;
  readonly input: Buffer;
  readonly output: Buffer;
  readonly side: Buffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  /** Untouched pages of shared memory are none: a thread that runs no blocks pays nothing for its area. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SIDE_AT + SIDE_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#numbers = new Float64Array(buffer, NUMBERS_AT, NUMBERS);
    this.input = Buffer.from(buffer, INPUT_AT, BLOCK_INPUT_BYTES);
    this.output = Buffer.from(buffer, OUTPUT_AT, OUTPUT_BYTES);
    this.side = Buffer.from(buffer, SIDE_AT, SIDE_BYTES);
  }

  // -- the main thread, before it hands over a block ------------------------------------------------------------

  begin({ bytes, count, recipe, firstIndex, firstLine, isUtf8 }: BlockOrder): void {
    const words = this.#words;
    this.input.set(bytes);
    words[COUNT] = count;
    words[INPUT_LENGTH] = bytes.length;
    words[RECIPE] = recipe;
    words[VALID] = Number(isUtf8);
    words[TAIL] = 0;
    words[STOP] = 0;
    words.fill(0, PUBLISHED, PUBLISHED + 2 * PUBLISHED_WORDS);
    this.#numbers[FIRST_INDEX] = firstIndex;
    this.#numbers[FIRST_LINE] = firstLine;
    Atomics.store(words, CURSOR, Cursor.idle);
  }

  // -- the worker -----------------------------------------------------------------------------------------------

  get count(): number {
    return this.#words[COUNT]!;
  }

  get inputLength(): number {
    return this.#words[INPUT_LENGTH]!;
  }

  get recipe(): number {
    return this.#words[RECIPE]!;
  }

  get isUtf8(): boolean {
    return this.#words[VALID] === 1;
  }

  get firstIndex(): number {
    return this.#numbers[FIRST_INDEX]!;
  }

  get firstLine(): number {
    return this.#numbers[FIRST_LINE]!;
  }

  /** Begins a record; false when the main thread took it back. */
  claim(index: number): boolean {
    const before = (index << STATE_BITS) | Cursor.idle;
    return Atomics.compareExchange(this.#words, CURSOR, before, (index << STATE_BITS) | Cursor.running) === before;
  }

  /** Whether another result will fit, in all likelihood. */
  hasRoom(outputEnd: number, sideEnd: number): boolean {
    return OUTPUT_BYTES - outputEnd >= OUTPUT_RESERVE && SIDE_BYTES - sideEnd >= SIDE_RESERVE;
  }

  /** Says that the result of a record, the last of its order, goes by message. Before {@link finish}. */
  putTail(index: number): void {
    this.#words[TAIL] = index + 1;
  }

  /** Says that the record that would come next is not this worker's to run. */
  stopAtForeign(): void {
    this.#words[STOP] = 1;
  }

  /**
   * Publishes the result of a record, and everything before it.
   *
   * @returns `killed` when the main thread had given it up before; then nothing may begin any more.
   */
  finish(
    index: number,
    outputEnd: number,
    sideEnd: number,
    succeeded: number,
    refused: number,
    failed: number,
  ): 'next' | 'end' | 'killed' {
    const words = this.#words;
    const at = PUBLISHED + ((index + 1) & 1) * PUBLISHED_WORDS;
    words[at + OUTPUT_END] = outputEnd;
    words[at + SIDE_END] = sideEnd;
    words[at + SUCCEEDED] = succeeded;
    words[at + REFUSED] = refused;
    words[at + FAILED] = failed;
    const here = index << STATE_BITS;
    const next = (index + 1) << STATE_BITS;
    const running = here | Cursor.running;
    if (Atomics.compareExchange(words, CURSOR, running, next | Cursor.idle) === running) return 'next';
    const last = here | Cursor.last;
    return Atomics.compareExchange(words, CURSOR, last, next | Cursor.recalled) === last ? 'end' : 'killed';
  }

  // -- the main thread, while the block runs --------------------------------------------------------------------

  /** The record that runs, or undefined. */
  get running(): number | undefined {
    const cursor = Atomics.load(this.#words, CURSOR);
    const state = cursor & STATE_MASK;
    return state === Cursor.running || state === Cursor.last ? cursor >>> STATE_BITS : undefined;
  }

  /** Records that are done. */
  get done(): number {
    return Atomics.load(this.#words, CURSOR) >>> STATE_BITS;
  }

  /** Why the worker ended its order before the end of the block. */
  get stop(): BlockStop {
    return this.#words[STOP] === 1 ? 'foreign' : 'pause';
  }

  /** Whether the result of the last of so many records went by message. */
  hasTail(done: number): boolean {
    return done > 0 && this.#words[TAIL] === done;
  }

  /** What is done; undefined when the worker was too fast to be looked at, which it is not for long. */
  progress(): BlockProgress | undefined {
    const words = this.#words;
    for (let attempt = 0; attempt < 100; attempt++) {
      const done = this.done;
      const at = PUBLISHED + (done & 1) * PUBLISHED_WORDS;
      const progress: BlockProgress = {
        done,
        outputEnd: words[at + OUTPUT_END]!,
        sideEnd: words[at + SIDE_END]!,
        succeeded: words[at + SUCCEEDED]!,
        refused: words[at + REFUSED]!,
        failed: words[at + FAILED]!,
      };
      // These words are written again before the record after the next is done.
      if (this.done === done) return progress;
    }
    return undefined;
  }

  /**
   * Takes back what has not begun.
   *
   * @returns The first record of it; the rest is the caller's again.
   */
  recallRest(): number {
    for (;;) {
      const cursor = Atomics.load(this.#words, CURSOR);
      const index = cursor >>> STATE_BITS;
      const state = cursor & STATE_MASK;
      if (state === Cursor.recalled) return index;
      if (state === Cursor.last || state === Cursor.killed) return index + 1;
      const to = (index << STATE_BITS) | (state === Cursor.idle ? Cursor.recalled : Cursor.last);
      if (Atomics.compareExchange(this.#words, CURSOR, cursor, to) !== cursor) continue;
      return state === Cursor.idle ? index : index + 1;
    }
  }

  /** Decides that the running record fails; false when none runs. */
  kill(): boolean {
    for (;;) {
      const cursor = Atomics.load(this.#words, CURSOR);
      const state = cursor & STATE_MASK;
      if (state !== Cursor.running && state !== Cursor.last) return false;
      const killed = (cursor & ~STATE_MASK) | Cursor.killed;
      if (Atomics.compareExchange(this.#words, CURSOR, cursor, killed) === cursor) return true;
    }
  }
}
