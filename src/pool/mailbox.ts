import { Buffer } from 'node:buffer';
import type { Holding } from '../component/holding.ts';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import type { RequestTimes } from '../observe/request-times.ts';

/**
 * The states of a request in a mailbox. Every transition is a compare-exchange, so that the two threads agree on who
 * decided first: the worker takes QUEUED→RUNNING→DONE, the main thread QUEUED→RECALLED and RUNNING→KILLED. A request
 * has begun exactly when its worker won RUNNING (invariant 2); a result counts exactly when its worker won DONE.
 */
export const SlotState = {
  empty: 0,
  queued: 1,
  running: 2,
  done: 3,
  recalled: 4,
  killed: 5,
} as const;

export type SlotState = (typeof SlotState)[keyof typeof SlotState];

/** Requests of one batch at the most. */
export const SLOTS = 256;

/** A section of guest code that belongs to no request (the shutdown of an instance) was ended by the main thread. */
const SECTION_KILLED = -1;

const HEADER_WORDS = 16;
const WAKE = 0;
const SECTION = 1;
const BUSY_MICROS = 2;
const PHASE = 3;
const SHIFT = 4;
const HEAP = 5;
const ORDER_KIND = 6;
const ORDER_DEFINITION = 7;
const ORDER_COUNT = 8;
const ORDER_PARCEL = 9;
const RESIDENT_KIB = 11;
const RESIDENT_MEMORIES = 12;

/**
 * Whose turn it is. A worker that has finished an order waits for the next one with its thread blocked, so that
 * handing it over costs a futex and no message; after a while it closes its shift and the thread goes idle. Posting
 * and closing are compare-exchanges of `waiting`.
 */
const Shift = { closed: 0, posted: 1, working: 2, waiting: 3 } as const;

const ORDERS = ['process', 'prepare', 'retire', 'block'] as const;

/** What a worker is to do next; the requests stand in the slots. */
export interface Order {
  readonly kind: (typeof ORDERS)[number];
  /** The number under which the worker knows the definition. */
  readonly definition: number;
  /** Slots in use, from 0. */
  readonly count: number;
  /** Whether a {@link Parcel} for it waits in the port. */
  readonly parcel: boolean;
}

/** Where a request lies: UTF-8, and for each text of each option its length, a little-endian u32, and the text. */
export interface PackedRequest {
  readonly bytes: Buffer;
  inputAt: number;
  inputLength: number;
  optionsAt: number;
  /** Pairs. */
  optionCount: number;
}

/** What guest code a worker is in; limits hold for each of them alike (invariant 8). */
export const PHASES = ['idle', 'instantiate', 'initialize', 'process', 'get-metadata', 'shutdown'] as const;

export type Phase = (typeof PHASES)[number];

/** Low bits of the phase word; the rest counts, so that two calls in a row differ. */
const PHASE_BITS = 3;

/** Per slot: where its input and options are, how many options, and where its output and error message are. */
const ENTRY_WORDS = 8;
const INPUT_AT = 0;
const INPUT_LENGTH = 1;
const OPTIONS_AT = 2;
const OPTION_COUNT = 3;
const OUTPUT_AT = 4;
const OUTPUT_LENGTH = 5;
const OUTCOME = 6;
const MESSAGE_LENGTH = 7;

const STATES_AT = HEADER_WORDS;
const ENTRIES_AT = STATES_AT + SLOTS;
const WORDS = ENTRIES_AT + SLOTS * ENTRY_WORDS;
/** Per slot, as 64-bit numbers: when it was asked for, when the worker began it, and when it was done. */
const TIMES = 3;
const ASKED = 0;
const BEGUN = 1;
const ENDED = 2;
const TIMES_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const REQUESTS_AT = TIMES_AT + SLOTS * TIMES * Float64Array.BYTES_PER_ELEMENT;
const REQUEST_BYTES = 256 * 1024;
const RESPONSES_AT = REQUESTS_AT + REQUEST_BYTES;
const RESPONSE_BYTES = 512 * 1024;

/** How a request of the mailbox ended. `posted` results travel by message because they are errors or too large. */
const Outcome = { posted: 0, success: 1, failure: 2, failureWithMessage: 3, successWithMessage: 4 } as const;

/**
 * The memory that the main thread shares with one worker: a word of state per request, the requests of the running
 * batch as packed UTF-8, and their results. Messages only wake the main thread; what happened stands here, where it
 * outlives the worker. Only the thread that owns the current state of a slot writes to its entry.
 */
export class Mailbox {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Buffer;
  #requestEnd = REQUESTS_AT;
  #responseEnd = RESPONSES_AT;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(RESPONSES_AT + RESPONSE_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#times = new Float64Array(buffer, TIMES_AT, SLOTS * TIMES);
    this.#bytes = Buffer.from(buffer);
  }

  // -- the main thread, before it hands over a batch ------------------------------------------------------------

  /** Empties the mailbox. Only between orders. */
  reset(): void {
    this.#requestEnd = REQUESTS_AT;
  }

  /** Hands over the next order; false when the worker does not wait for it, so that a shift has to be begun. */
  post({ kind, definition, count, parcel }: Order): boolean {
    this.#words[ORDER_KIND] = ORDERS.indexOf(kind);
    this.#words[ORDER_DEFINITION] = definition;
    this.#words[ORDER_COUNT] = count;
    this.#words[ORDER_PARCEL] = Number(parcel);
    if (Atomics.compareExchange(this.#words, SHIFT, Shift.waiting, Shift.posted) === Shift.waiting) {
      Atomics.notify(this.#words, SHIFT);
      return true;
    }
    Atomics.store(this.#words, SHIFT, Shift.posted);
    return false;
  }

  /** Notes when a request was asked for, on the main thread's clock, before it is queued. */
  asked(slot: number, at: number): void {
    this.#times[slot * TIMES + ASKED] = at;
    this.#times[slot * TIMES + BEGUN] = 0;
    this.#times[slot * TIMES + ENDED] = 0;
  }

  /** Marks a slot as queued whose request travels by message. */
  queue(slot: number): void {
    Atomics.store(this.#words, STATES_AT + slot, SlotState.queued);
  }

  /** Packs a request into a slot and marks it as queued; false when there is no room for it. */
  putRequest(slot: number, input: string, options: RequestOptions): boolean {
    let end = this.#requestEnd;
    const limit = REQUESTS_AT + REQUEST_BYTES;
    if (!fits(input, limit - end)) return false;
    const inputLength = this.#bytes.write(input, end, 'utf8');
    const entry = this.#entry(slot);
    this.#words[entry + INPUT_AT] = end;
    this.#words[entry + INPUT_LENGTH] = inputLength;
    this.#words[entry + OPTION_COUNT] = options.length;
    end += inputLength;
    this.#words[entry + OPTIONS_AT] = end;
    for (const pair of options) {
      for (const text of pair) {
        if (limit - end < 4 || !fits(text, limit - end - 4)) return false;
        const length = this.#bytes.write(text, end + 4, 'utf8');
        this.#bytes.writeUInt32LE(length, end);
        end += 4 + length;
      }
    }
    this.#requestEnd = end;
    Atomics.store(this.#words, STATES_AT + slot, SlotState.queued);
    return true;
  }

  // -- the worker -----------------------------------------------------------------------------------------------

  /** Takes the order that was posted. */
  takeOrder(): Order {
    Atomics.store(this.#words, SHIFT, Shift.working);
    this.#responseEnd = RESPONSES_AT;
    return {
      kind: ORDERS[this.#words[ORDER_KIND]!]!,
      definition: this.#words[ORDER_DEFINITION]!,
      count: this.#words[ORDER_COUNT]!,
      parcel: this.#words[ORDER_PARCEL] === 1,
    };
  }

  /**
   * Reports the end of an order.
   *
   * @param milliseconds How long it took, for the next batch's size.
   * @param held What the definition's instance holds now, or what waits for the next one.
   * @param heap Whether the thread should be replaced before its JavaScript heap is full.
   */
  finishOrder(milliseconds: number, held: Holding, heap: 'roomy' | 'tight'): void {
    this.#words[BUSY_MICROS] = Math.min(Math.round(milliseconds * 1000), 2 ** 31 - 1);
    this.#words[RESIDENT_KIB] = Math.ceil(held.bytes / 1024);
    this.#words[RESIDENT_MEMORIES] = held.memories;
    this.#words[HEAP] = Number(heap === 'tight');
    Atomics.store(this.#words, SHIFT, Shift.waiting);
  }

  /** Blocks until there is another order; false when none came in time, and the shift is closed. */
  waitForOrder(milliseconds: number): boolean {
    Atomics.wait(this.#words, SHIFT, Shift.waiting, milliseconds);
    return Atomics.compareExchange(this.#words, SHIFT, Shift.waiting, Shift.closed) === Shift.posted;
  }

  /** Begins a request; false when the main thread took it back. */
  claim(slot: number): boolean {
    if (!this.#move(slot, SlotState.queued, SlotState.running)) return false;
    // Or the watchdog would take it for the call before, of which it may have seen enough.
    this.enter('idle');
    return true;
  }

  /** Notes when a request began, on the main thread's clock; returns how long it had waited. */
  begun(slot: number, at: number): number {
    this.#times[slot * TIMES + BEGUN] = at;
    return at - this.#times[slot * TIMES + ASKED]!;
  }

  /** Notes when it ended, before its result is published. */
  ended(slot: number, at: number): void {
    this.#times[slot * TIMES + ENDED] = at;
  }

  input(slot: number): string {
    const entry = this.#entry(slot);
    const at = this.#words[entry + INPUT_AT]!;
    return this.#bytes.toString('utf8', at, at + this.#words[entry + INPUT_LENGTH]!);
  }

  options(slot: number): [string, string][] {
    const entry = this.#entry(slot);
    const count = this.#words[entry + OPTION_COUNT]!;
    let at = this.#words[entry + OPTIONS_AT]!;
    const next = (): string => {
      const start = at + 4;
      at = start + this.#bytes.readUInt32LE(at);
      return this.#bytes.toString('utf8', start, at);
    };
    return Array.from({ length: count }, () => [next(), next()]);
  }

  /**
   * Where the request of a slot lies, for a worker that copies it into a guest as it is.
   *
   * @param request To be filled in, so that none is made for each request.
   */
  locate(
    slot: number,
    request: PackedRequest = { bytes: this.#bytes, inputAt: 0, inputLength: 0, optionsAt: 0, optionCount: 0 },
  ): PackedRequest {
    const entry = this.#entry(slot);
    request.inputAt = this.#words[entry + INPUT_AT]!;
    request.inputLength = this.#words[entry + INPUT_LENGTH]!;
    request.optionsAt = this.#words[entry + OPTIONS_AT]!;
    request.optionCount = this.#words[entry + OPTION_COUNT]!;
    return request;
  }

  /**
   * Copies a result that is UTF-8 already; false when there is no room for it, so that it has to be posted.
   *
   * @param messageAt -1 when there is no error message.
   */
  copyResponse(
    slot: number,
    from: Buffer,
    outputAt: number,
    outputLength: number,
    success: boolean,
    messageAt: number,
    messageLength: number,
  ): boolean {
    const at = this.#responseEnd;
    if (outputLength + messageLength > RESPONSES_AT + RESPONSE_BYTES - at) return false;
    copy(from, outputAt, outputLength, this.#bytes, at);
    if (messageLength > 0) copy(from, messageAt, messageLength, this.#bytes, at + outputLength);
    this.#enterResponse(slot, outputLength, messageLength, outcomeOf(success, messageAt >= 0));
    return true;
  }

  /** Packs a result; false when there is no room for it, so that it has to be posted. */
  putResponse(slot: number, { output, success, errorMessage }: PluginResponse): boolean {
    const at = this.#responseEnd;
    const limit = RESPONSES_AT + RESPONSE_BYTES;
    if (!fits(output, limit - at)) return false;
    const outputLength = this.#bytes.write(output, at, 'utf8');
    let messageLength = 0;
    if (errorMessage !== undefined) {
      if (!fits(errorMessage, limit - at - outputLength)) return false;
      messageLength = this.#bytes.write(errorMessage, at + outputLength, 'utf8');
    }
    this.#enterResponse(slot, outputLength, messageLength, outcomeOf(success, errorMessage !== undefined));
    return true;
  }

  /** Notes that the result of a slot went by message. */
  putPosted(slot: number): void {
    this.#words[this.#entry(slot) + OUTCOME] = Outcome.posted;
  }

  /** Publishes the result of a slot; false when the main thread had killed the request before. */
  finish(slot: number): boolean {
    return this.#move(slot, SlotState.running, SlotState.done);
  }

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

  /** True when no wake-up is under way, which the caller then has to send. */
  wantsWake(): boolean {
    return Atomics.exchange(this.#words, WAKE, 1) === 0;
  }

  // -- the main thread, while the batch runs --------------------------------------------------------------------

  /** Takes note of a wake-up. Comes before looking at the slots, so that no result after the look goes unannounced. */
  awake(): void {
    Atomics.store(this.#words, WAKE, 0);
  }

  state(slot: number): SlotState {
    return Atomics.load(this.#words, STATES_AT + slot) as SlotState;
  }

  /** When a request was asked for, begun and ended, on the main thread's clock; 0 for what has not come yet. */
  times(slot: number): RequestTimes {
    const [asked, begun, ended] = this.#times.subarray(slot * TIMES, (slot + 1) * TIMES);
    return { asked: asked!, begun: begun!, ended: ended! };
  }

  /** The section of guest code that runs outside any request, or 0. */
  get section(): number {
    return Atomics.load(this.#words, SECTION);
  }

  /** A number that changes with every entry into guest code. */
  get entries(): number {
    return Atomics.load(this.#words, PHASE);
  }

  /** The guest code that the worker entered last. */
  get phase(): Phase {
    return PHASES[this.entries & ((1 << PHASE_BITS) - 1)] ?? 'idle';
  }

  /** Whether the order has been carried out. */
  get orderDone(): boolean {
    const shift = Atomics.load(this.#words, SHIFT);
    return shift === Shift.waiting || shift === Shift.closed;
  }

  /** Whether the worker found its heap so full that it should be replaced. */
  get heapIsTight(): boolean {
    return this.#words[HEAP] === 1;
  }

  /** The guest memory that the instance of the last order's definition holds. */
  get resident(): Holding {
    return { bytes: this.#words[RESIDENT_KIB]! * 1024, memories: this.#words[RESIDENT_MEMORIES]! };
  }

  /** Milliseconds that the last order took in the worker. */
  get busyTime(): number {
    return this.#words[BUSY_MICROS]! / 1000;
  }

  /** Takes back a request that has not begun; false when it has. */
  recall(slot: number): boolean {
    return this.#move(slot, SlotState.queued, SlotState.recalled);
  }

  /** Decides that a running request fails; false when it is done or was never begun. */
  kill(slot: number): boolean {
    return this.#move(slot, SlotState.running, SlotState.killed);
  }

  /** Decides that a section of guest code is ended; false when it ended by itself. */
  killSection(id: number): boolean {
    return Atomics.compareExchange(this.#words, SECTION, id, SECTION_KILLED) === id;
  }

  /** The packed result of a slot, or undefined when it was posted. */
  response(slot: number): PluginResponse | undefined {
    const entry = this.#entry(slot);
    const outcome = this.#words[entry + OUTCOME];
    if (outcome === Outcome.posted) return undefined;
    const at = this.#words[entry + OUTPUT_AT]!;
    const end = at + this.#words[entry + OUTPUT_LENGTH]!;
    const output = this.#bytes.toString('utf8', at, end);
    if (outcome === Outcome.success) return { output, success: true };
    if (outcome === Outcome.failure) return { output, success: false };
    const errorMessage = this.#bytes.toString('utf8', end, end + this.#words[entry + MESSAGE_LENGTH]!);
    return { output, success: outcome === Outcome.successWithMessage, errorMessage };
  }

  /** Enters a response that stands at the end of the others. */
  #enterResponse(slot: number, outputLength: number, messageLength: number, outcome: number): void {
    const entry = this.#entry(slot);
    const at = this.#responseEnd;
    this.#responseEnd = at + outputLength + messageLength;
    this.#words[entry + OUTPUT_AT] = at;
    this.#words[entry + OUTPUT_LENGTH] = outputLength;
    this.#words[entry + MESSAGE_LENGTH] = messageLength;
    this.#words[entry + OUTCOME] = outcome;
  }

  #entry(slot: number): number {
    return ENTRIES_AT + slot * ENTRY_WORDS;
  }

  #move(slot: number, from: SlotState, to: SlotState): boolean {
    return Atomics.compareExchange(this.#words, STATES_AT + slot, from, to) === from;
  }
}

function outcomeOf(success: boolean, hasMessage: boolean): number {
  if (hasMessage) return success ? Outcome.successWithMessage : Outcome.failureWithMessage;
  return success ? Outcome.success : Outcome.failure;
}

/** A loop in JavaScript beats a call into Node up to here. */
const SHORT = 16;

function copy(from: Buffer, at: number, length: number, to: Buffer, toAt: number): void {
  if (length > SHORT) from.copy(to, toAt, at, at + length);
  else for (let index = 0; index < length; index++) to[toAt + index] = from[at + index]!;
}

/** Whether a string surely fits into so many bytes of UTF-8; counts exactly only when the quick bound says no. */
function fits(text: string, room: number): boolean {
  return text.length * 3 <= room || Buffer.byteLength(text) <= room;
}
