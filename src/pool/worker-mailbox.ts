import type { Buffer } from 'node:buffer';
import { copyBytes } from '../component/copy-bytes.ts';
import type { Holding } from '../component/holding.ts';
import type { PluginResponse } from '../contract/values.ts';
import {
  ASKED,
  BEGUN,
  BUSY_MICROS,
  CHANGES,
  CURRENT,
  DEFINITION,
  ENDED,
  fits,
  INPUT_AT,
  INPUT_LENGTH,
  INSTRUCTIONS,
  MailboxMemory,
  MESSAGE_LENGTH,
  NOT_COUNTED,
  OPTION_COUNT,
  OPTIONS_AT,
  ORDER_COUNT,
  ORDER_KIND,
  ORDER_PARCEL,
  ORDER_RETIRES,
  ORDERS,
  type Order,
  OUTCOME,
  OUTPUT_AT,
  OUTPUT_LENGTH,
  Outcome,
  RESPONSE_BYTES,
  RESPONSES_AT,
  RUN_KIB,
  RUN_MEMORIES,
  RUN_MICROS,
  SHIFT,
  Shift,
  SlotState,
  STATES_AT,
  TAKEN,
  TAKES_MORE,
  TIMES,
} from './mailbox-layout.ts';
import type { ThreadStatus } from './thread-status.ts';

/** Where a request lies: UTF-8, and for each text of each option its length, a little-endian u32, and the text. */
export interface PackedRequest {
  readonly bytes: Buffer;
  inputAt: number;
  inputLength: number;
  optionsAt: number;
  /** Pairs. */
  optionCount: number;
}

/** The worker's side of a mailbox: takes orders, and tells how far it is. */
export class WorkerMailbox extends MailboxMemory {
  readonly #status: ThreadStatus;
  #responseEnd = RESPONSES_AT;

  constructor(buffer: SharedArrayBuffer, status: ThreadStatus) {
    super(buffer);
    this.#status = status;
  }

  /** Takes the order that was posted. */
  takeOrder(): Order {
    Atomics.store(this.words, SHIFT, Shift.working);
    this.#responseEnd = RESPONSES_AT;
    return {
      kind: ORDERS[this.words[ORDER_KIND]!]!,
      retires: this.words[ORDER_RETIRES]!,
      count: this.words[ORDER_COUNT]!,
      parcel: this.words[ORDER_PARCEL] === 1,
    };
  }

  /**
   * Reports the end of an order.
   *
   * @param milliseconds How long the thread worked on it, for the next batch's size.
   */
  finishOrder(milliseconds: number): void {
    this.words[BUSY_MICROS] = micros(milliseconds);
    Atomics.store(this.words, SHIFT, Shift.free);
  }

  /**
   * Reports the end of a run: of slots of one definition in a row.
   *
   * @param slot The last of them.
   * @param milliseconds How long it took by the clock.
   * @param held What the definition's instance holds now, or what waits for the next one.
   */
  finishRun(slot: number, milliseconds: number, held: Holding): void {
    const entry = this.entry(slot);
    this.words[entry + RUN_MICROS] = micros(milliseconds);
    this.words[entry + RUN_KIB] = Math.ceil(held.bytes / 1024);
    this.words[entry + RUN_MEMORIES] = held.memories;
  }

  /** Whose request is in a slot. */
  definition(slot: number): number {
    return this.words[this.entry(slot) + DEFINITION]!;
  }

  /** Whether its order has been posted. */
  get hasOrder(): boolean {
    return Atomics.load(this.words, SHIFT) === Shift.posted;
  }

  /** Blocks until there is an order; false when none came in time, and the shift is closed. */
  waitForOrder(milliseconds: number): boolean {
    if (Atomics.compareExchange(this.words, SHIFT, Shift.free, Shift.waiting) === Shift.free)
      Atomics.wait(this.words, SHIFT, Shift.waiting, milliseconds);
    return Atomics.compareExchange(this.words, SHIFT, Shift.waiting, Shift.closed) === Shift.posted;
  }

  /** A number that changes when requests were added to an open order, or given up. */
  get changes(): number {
    return Atomics.load(this.words, CHANGES);
  }

  /** Slots of an open order that may be in use, from 0. */
  get slots(): number {
    return Atomics.load(this.words, ORDER_COUNT);
  }

  /**
   * The number of the message that brings a request, which was posted before its slot was queued: 0 for that of the order.
   * Undefined where it stands in the mailbox.
   */
  message(slot: number): number | undefined {
    const entry = this.entry(slot);
    return Atomics.load(this.words, entry + INPUT_AT) === TAKEN ? this.words[entry + INPUT_LENGTH] : undefined;
  }

  /** What a request brought has been copied: another one may take its place. */
  took(slot: number): void {
    Atomics.store(this.words, this.entry(slot) + INPUT_AT, TAKEN);
  }

  /** The order takes no more. What was added just before that is there to be seen now. */
  takeNoMore(): void {
    Atomics.store(this.words, TAKES_MORE, 0);
  }

  /** The slot for which the guest runs from now on. */
  runsFor(slot: number): void {
    Atomics.store(this.words, CURRENT, slot);
  }

  state(slot: number): SlotState {
    return Atomics.load(this.words, STATES_AT + slot) as SlotState;
  }

  /** A slot of an open order is free whose request was given up. */
  release(slot: number): void {
    Atomics.store(this.words, STATES_AT + slot, SlotState.empty);
  }

  /** All results of an open order have been taken out: there is room for others in their place. */
  reclaim(): void {
    this.#responseEnd = RESPONSES_AT;
  }

  /** Begins a request; false when the main thread took it back. */
  claim(slot: number): boolean {
    if (!this.move(slot, SlotState.queued, SlotState.running)) return false;
    // Or the watchdog would take it for the call before, of which it may have seen enough.
    this.#status.enter('idle');
    return true;
  }

  /** Notes when a request began, on the main thread's clock; returns how long it had waited. */
  begun(slot: number, at: number): number {
    this.stamps[slot * TIMES + BEGUN] = at;
    return at - this.stamps[slot * TIMES + ASKED]!;
  }

  /** Notes when it ended, before its result is published. */
  ended(slot: number, at: number): void {
    this.stamps[slot * TIMES + ENDED] = at;
  }

  /** Notes how many instructions it ran. */
  ran(slot: number, instructions: number): void {
    this.stamps[slot * TIMES + INSTRUCTIONS] = instructions;
  }

  /** What it ran, for a response that goes by message. */
  counted(slot: number): Pick<PluginResponse, 'instructions'> {
    const instructions = this.stamps[slot * TIMES + INSTRUCTIONS]!;
    return instructions === NOT_COUNTED ? {} : { instructions };
  }

  input(slot: number): string {
    const entry = this.entry(slot);
    const at = this.words[entry + INPUT_AT]!;
    return this.bytes.toString('utf8', at, at + this.words[entry + INPUT_LENGTH]!);
  }

  options(slot: number): [string, string][] {
    const entry = this.entry(slot);
    const count = this.words[entry + OPTION_COUNT]!;
    let at = this.words[entry + OPTIONS_AT]!;
    const next = (): string => {
      const start = at + 4;
      at = start + this.bytes.readUInt32LE(at);
      return this.bytes.toString('utf8', start, at);
    };
    return Array.from({ length: count }, () => [next(), next()]);
  }

  /** The number of the function that the request of a slot calls; undefined for `process`. */
  called(slot: number): number | undefined {
    const count = this.words[this.entry(slot) + OPTION_COUNT]!;
    return count < 0 ? -1 - count : undefined;
  }

  /** The room that is left for results. */
  get room(): { readonly from: number; readonly end: number } {
    return { from: this.#responseEnd, end: RESPONSES_AT + RESPONSE_BYTES };
  }

  /** Notes that the value which a function returned stands at the end of the other results. */
  putValue(slot: number, end: number): void {
    this.#enterResponse(slot, end - this.#responseEnd, 0, Outcome.value);
  }

  /**
   * Where the request of a slot lies, for a worker that copies it into a guest as it is.
   *
   * @param request To be filled in, so that none is made for each request.
   */
  locate(
    slot: number,
    request: PackedRequest = { bytes: this.bytes, inputAt: 0, inputLength: 0, optionsAt: 0, optionCount: 0 },
  ): PackedRequest {
    const entry = this.entry(slot);
    request.inputAt = this.words[entry + INPUT_AT]!;
    request.inputLength = this.words[entry + INPUT_LENGTH]!;
    request.optionsAt = this.words[entry + OPTIONS_AT]!;
    request.optionCount = this.words[entry + OPTION_COUNT]!;
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
    copyBytes(from, outputAt, outputLength, this.bytes, at);
    if (messageLength > 0) copyBytes(from, messageAt, messageLength, this.bytes, at + outputLength);
    this.#enterResponse(slot, outputLength, messageLength, outcomeOf(success, messageAt >= 0));
    return true;
  }

  /** Packs a result; false when there is no room for it, so that it has to be posted. */
  putResponse(slot: number, { output, success, errorMessage }: PluginResponse): boolean {
    const at = this.#responseEnd;
    const limit = RESPONSES_AT + RESPONSE_BYTES;
    if (!fits(output, limit - at)) return false;
    const outputLength = this.bytes.write(output, at, 'utf8');
    let messageLength = 0;
    if (errorMessage !== undefined) {
      if (!fits(errorMessage, limit - at - outputLength)) return false;
      messageLength = this.bytes.write(errorMessage, at + outputLength, 'utf8');
    }
    this.#enterResponse(slot, outputLength, messageLength, outcomeOf(success, errorMessage !== undefined));
    return true;
  }

  /** Notes that the result of a slot went by message. */
  putPosted(slot: number): void {
    this.words[this.entry(slot) + OUTCOME] = Outcome.posted;
  }

  /** Publishes the result of a slot; false when the main thread had killed the request before. */
  finish(slot: number): boolean {
    return this.move(slot, SlotState.running, SlotState.done);
  }

  /** Enters a response that stands at the end of the others. */
  #enterResponse(slot: number, outputLength: number, messageLength: number, outcome: number): void {
    const entry = this.entry(slot);
    const at = this.#responseEnd;
    this.#responseEnd = at + outputLength + messageLength;
    this.words[entry + OUTPUT_AT] = at;
    this.words[entry + OUTPUT_LENGTH] = outputLength;
    this.words[entry + MESSAGE_LENGTH] = messageLength;
    this.words[entry + OUTCOME] = outcome;
  }
}

function micros(milliseconds: number): number {
  return Math.min(Math.round(milliseconds * 1000), 2 ** 31 - 1);
}

function outcomeOf(success: boolean, hasMessage: boolean): number {
  if (hasMessage) return success ? Outcome.successWithMessage : Outcome.failureWithMessage;
  return success ? Outcome.success : Outcome.failure;
}
