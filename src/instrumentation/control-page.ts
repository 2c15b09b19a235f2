/**
 * The module name under which an instrumented core module imports the page that its checks look at, and the name of that
 * import. They have spaces, so that no import of a plugin can have them: `assertPlainNames` refuses those.
 */
export const CONTROL_IMPORT = 'wasm-plugin-pool: control';

/** Bytes into the page: a word that is 0 unless the call is to end. */
export const INTERRUPT_AT = 0;

/** Bytes into the page: an i64, the instructions that the call has left; below 0 it has run out. */
export const FUEL_AT = 8;

/** Words of {@link FUEL_AT}; what V8 runs on has the low one first. */
const FUEL_LOW = FUEL_AT / 4;
const FUEL_HIGH = FUEL_LOW + 1;

/** Every value but `none` is no address of the page, so that a check needs no comparison to trap. */
const Interrupt = { none: 0, interrupted: -1, ended: -2 } as const;

/** A `WebAssembly.Memory`. Types without the DOM's have no such name, and users compile with those. */
export interface SharedMemory {
  readonly buffer: ArrayBufferLike;
}

/**
 * One page of shared memory for each thread that runs guests. Instrumented code looks at it, wherever it could run for
 * long, and traps when it is told to; nothing of a guest's own can reach it. The main thread writes only after it won the
 * call that is to end (`killed` in the mailbox), and the worker does not go on until it has: no other call sees the word.
 */
export class ControlPage {
  readonly memory: SharedMemory;
  readonly #words: Int32Array;

  constructor(memory: SharedMemory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })) {
    this.memory = memory;
    this.#words = new Int32Array(memory.buffer, 0, 4);
  }

  // -- the main thread, which has won the call that runs -----------------------------------------------------------

  /** The call ends, and its thread goes on. */
  interrupt(): void {
    this.#say(Interrupt.interrupted);
  }

  /** The thread is being ended: nothing may begin on it. Also after {@link interrupt}. */
  end(): void {
    this.#say(Interrupt.ended);
  }

  // -- the worker --------------------------------------------------------------------------------------------------

  /** Whether the call that runs is to end. */
  get isInterrupted(): boolean {
    return Atomics.load(this.#words, INTERRUPT_AT) !== Interrupt.none;
  }

  /**
   * After a call that was given up: waits for the word, which is on its way, and takes it back.
   *
   * @returns `ended` when the thread is about to be ended.
   */
  settle(): 'interrupted' | 'ended' {
    Atomics.wait(this.#words, INTERRUPT_AT, Interrupt.none);
    const { interrupted, none } = Interrupt;
    const word = Atomics.compareExchange(this.#words, INTERRUPT_AT, interrupted, none);
    return word === interrupted ? 'interrupted' : 'ended';
  }

  /** The instructions that metered code has left. Set before each call, of which the largest is 2 ** 53. */
  get fuel(): number {
    return this.#words[FUEL_HIGH]! * 2 ** 32 + (this.#words[FUEL_LOW]! >>> 0);
  }

  set fuel(instructions: number) {
    this.#words[FUEL_LOW] = instructions;
    this.#words[FUEL_HIGH] = Math.floor(instructions / 2 ** 32);
  }

  #say(word: number): void {
    Atomics.store(this.#words, INTERRUPT_AT, word);
    Atomics.notify(this.#words, INTERRUPT_AT);
  }
}
