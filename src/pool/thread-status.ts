/** What guest code a worker is in; limits hold for each of them alike (invariant 8). */
export const PHASES = ['idle', 'instantiate', 'initialize', 'process', 'get-metadata', 'shutdown'] as const;

export type Phase = (typeof PHASES)[number];

/** Low bits of the phase word; the rest counts, so that two calls in a row differ. */
const PHASE_BITS = 3;

/** A section of guest code that belongs to no request (the shutdown of an instance) was ended by the main thread. */
const SECTION_KILLED = -1;

const WORDS = 8;
const WAKE = 0;
const SECTION = 1;
const PHASE = 2;
/** 1 when the heap is nearly full. */
const HEAP = 3;
/** 1 while the guest sleeps. */
const ASLEEP = 4;

const NUMBERS_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const NUMBERS = 1;
const CPU_MS = 0;

/** What a worker is at, whichever order it is: memory that it shares with the main thread, which sees it while the worker spins. */
export class ThreadStatus {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(NUMBERS_AT + NUMBERS * Float64Array.BYTES_PER_ELEMENT),
  ) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#numbers = new Float64Array(buffer, NUMBERS_AT, NUMBERS);
  }

  // -- the worker -----------------------------------------------------------------------------------------------

  /** Notes that the worker enters guest code; the watchdog measures each entry by itself. */
  enter(phase: Phase): void {
    const count = (this.#words[PHASE]! >>> PHASE_BITS) + 1;
    Atomics.store(this.#words, PHASE, (count << PHASE_BITS) | PHASES.indexOf(phase));
  }

  /** Begins guest code that belongs to no request, so that the watchdog sees it (invariant 8). */
  enterSection(id: number): void {
    Atomics.store(this.#words, SECTION, id);
  }

  /** Ends it; false when the main thread had killed it before. */
  leaveSection(id: number): boolean {
    return Atomics.compareExchange(this.#words, SECTION, id, 0) === id;
  }

  /** Tells the main thread that the guest sleeps, or that it is awake again. */
  sleeps(asleep: boolean): void {
    Atomics.store(this.#words, ASLEEP, Number(asleep));
  }

  /** Says whether the thread should be replaced before its JavaScript heap is full. */
  foundHeap(heap: 'roomy' | 'tight'): void {
    this.#words[HEAP] = Number(heap === 'tight');
  }

  /** Notes how much CPU time the thread has used. Between orders. */
  usedCpu(milliseconds: number): void {
    this.#numbers[CPU_MS] = milliseconds;
  }

  /** True when no wake-up is under way, which the caller then has to send. */
  wantsWake(): boolean {
    return Atomics.exchange(this.#words, WAKE, 1) === 0;
  }

  // -- the main thread ------------------------------------------------------------------------------------------

  /** Takes note of a wake-up. Comes before looking at the slots, so that no result after the look goes unannounced. */
  awake(): void {
    Atomics.store(this.#words, WAKE, 0);
  }

  /** The section of guest code that runs outside any request, or 0. */
  get section(): number {
    return Atomics.load(this.#words, SECTION);
  }

  /** Decides that a section of guest code is ended; false when it ended by itself. */
  killSection(id: number): boolean {
    return Atomics.compareExchange(this.#words, SECTION, id, SECTION_KILLED) === id;
  }

  /** A number that changes with every entry into guest code. */
  get entries(): number {
    return Atomics.load(this.#words, PHASE);
  }

  /** The guest code that the worker entered last. */
  get phase(): Phase {
    return PHASES[this.entries & ((1 << PHASE_BITS) - 1)] ?? 'idle';
  }

  /** Whether the worker found its heap so full that it should be replaced. */
  get heapIsTight(): boolean {
    return this.#words[HEAP] === 1;
  }

  /** Whether the guest sleeps, so that its thread waits and does not work. */
  get asleep(): boolean {
    return Atomics.load(this.#words, ASLEEP) === 1;
  }

  /** Milliseconds of CPU time that the thread had used before its order, or less than a millisecond before that. */
  get cpuBefore(): number {
    return this.#numbers[CPU_MS]!;
  }
}
