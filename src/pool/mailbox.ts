import type { Buffer } from 'node:buffer';
import { copyBytes } from '../component/copy-bytes.ts';
import type { Holding } from '../component/holding.ts';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import type { RequestTimes } from '../observe/request-times.ts';
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
  REQUEST_BYTES,
  REQUESTS_AT,
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

/** A call of a function: its number, and its arguments as bytes. */
export interface PackedCall {
  readonly number: number;
  readonly bytes: Buffer;
  readonly from: number;
  readonly end: number;
}

/** How long a run took that has not come to its end. */
const NOT_RUN = -1;

/** The main thread's side of a mailbox: hands over batches, and sees what becomes of them. */
export class Mailbox extends MailboxMemory {
  #requestEnd = REQUESTS_AT;

  /** The worker comes to it after another one: it is not where its first shift begins. */
  follows(): void {
    Atomics.store(this.words, SHIFT, Shift.free);
  }

  /** Empties the mailbox. Only between orders. */
  reset(): void {
    this.#requestEnd = REQUESTS_AT;
  }

  /**
   * Hands over an order, where the one before is done; false when the worker neither waits for it nor will come to it, so
   * that a shift has to be begun.
   */
  post({ kind, retires = 0, count, parcel }: Order): boolean {
    this.words[ORDER_KIND] = ORDERS.indexOf(kind);
    this.words[ORDER_RETIRES] = retires;
    this.words[ORDER_COUNT] = count;
    this.words[ORDER_PARCEL] = Number(parcel);
    if (this.#pass(Shift.free)) return true;
    // Not the other way round: it may have begun to wait just now.
    if (this.#pass(Shift.waiting)) {
      Atomics.notify(this.words, SHIFT);
      return true;
    }
    Atomics.store(this.words, SHIFT, Shift.posted);
    return false;
  }

  #pass(from: number): boolean {
    return Atomics.compareExchange(this.words, SHIFT, from, Shift.posted) === from;
  }

  /** Notes whose request it is and when it was asked for, on the main thread's clock, before it is queued. */
  address(slot: number, definition: number, at: number): void {
    const entry = this.entry(slot);
    this.words[entry + DEFINITION] = definition;
    this.words[entry + RUN_MICROS] = NOT_RUN;
    this.stamps[slot * TIMES + ASKED] = at;
    this.stamps[slot * TIMES + BEGUN] = 0;
    this.stamps[slot * TIMES + ENDED] = 0;
    this.stamps[slot * TIMES + INSTRUCTIONS] = NOT_COUNTED;
  }

  /** Whether nobody looks any more at what a request brought. */
  wasTaken(slot: number): boolean {
    return Atomics.load(this.words, this.entry(slot) + INPUT_AT) === TAKEN;
  }

  /** Marks a slot as queued whose request travels by message. @param message Its number; 0 for the order's own. */
  queue(slot: number, message = 0): void {
    const entry = this.entry(slot);
    this.words[entry + INPUT_LENGTH] = message;
    Atomics.store(this.words, entry + INPUT_AT, TAKEN);
    Atomics.store(this.words, STATES_AT + slot, SlotState.queued);
  }

  /** Packs a request into a slot and marks it as queued; false when there is no room for it. */
  putRequest(slot: number, input: string, options: RequestOptions): boolean {
    let end = this.#requestEnd;
    const limit = REQUESTS_AT + REQUEST_BYTES;
    if (!fits(input, limit - end)) return false;
    const inputLength = this.bytes.write(input, end, 'utf8');
    const entry = this.entry(slot);
    this.words[entry + INPUT_AT] = end;
    this.words[entry + INPUT_LENGTH] = inputLength;
    this.words[entry + OPTION_COUNT] = options.length;
    end += inputLength;
    this.words[entry + OPTIONS_AT] = end;
    for (const pair of options) {
      for (const text of pair) {
        if (limit - end < 4 || !fits(text, limit - end - 4)) return false;
        const length = this.bytes.write(text, end + 4, 'utf8');
        this.bytes.writeUInt32LE(length, end);
        end += 4 + length;
      }
    }
    this.#requestEnd = end;
    Atomics.store(this.words, STATES_AT + slot, SlotState.queued);
    return true;
  }

  /** Packs a call of a function into a slot and marks it as queued; false when there is no room for it. */
  putCall(slot: number, { number, bytes, from, end }: PackedCall): boolean {
    const at = this.#requestEnd;
    const length = end - from;
    if (length > REQUESTS_AT + REQUEST_BYTES - at) return false;
    copyBytes(bytes, from, length, this.bytes, at);
    const entry = this.entry(slot);
    this.words[entry + INPUT_AT] = at;
    this.words[entry + INPUT_LENGTH] = length;
    this.words[entry + OPTIONS_AT] = from;
    this.words[entry + OPTION_COUNT] = -1 - number;
    this.#requestEnd = at + length;
    Atomics.store(this.words, STATES_AT + slot, SlotState.queued);
    return true;
  }

  /** An order is about to be handed over to which requests may be added while it is carried out. */
  open(): void {
    Atomics.store(this.words, TAKES_MORE, 1);
  }

  /**
   * Something was added to an open order, or given up.
   *
   * @param count Slots that may be in use, from 0.
   * @returns Whether its worker will look at it.
   */
  changed(count: number): boolean {
    Atomics.store(this.words, ORDER_COUNT, count);
    Atomics.add(this.words, CHANGES, 1);
    return Atomics.load(this.words, TAKES_MORE) === 1;
  }

  /** The slot of the order for which its guest runs now, or ran last. */
  get current(): number {
    return Atomics.load(this.words, CURRENT);
  }

  /** A slot of an open order is free: what was in it was taken out. */
  release(slot: number): void {
    Atomics.store(this.words, STATES_AT + slot, SlotState.empty);
  }

  state(slot: number): SlotState {
    return Atomics.load(this.words, STATES_AT + slot) as SlotState;
  }

  /** When a request was asked for, begun and ended, on the main thread's clock; 0 for what has not come yet. */
  times(slot: number): RequestTimes {
    const [asked, begun, ended] = this.stamps.subarray(slot * TIMES, (slot + 1) * TIMES);
    return { asked: asked!, begun: begun!, ended: ended! };
  }

  /** Whether the order has been carried out. */
  get orderDone(): boolean {
    const shift = Atomics.load(this.words, SHIFT);
    return shift !== Shift.posted && shift !== Shift.working;
  }

  /** The guest memory that an instance held at the end of the run that a slot is the last of; undefined without a run. */
  residentAfter(slot: number): Holding | undefined {
    const entry = this.entry(slot);
    if (this.words[entry + RUN_MICROS] === NOT_RUN) return undefined;
    return { bytes: this.words[entry + RUN_KIB]! * 1024, memories: this.words[entry + RUN_MEMORIES]! };
  }

  /** Milliseconds that it took by the clock; 0 without a run. */
  runTime(slot: number): number {
    return Math.max(this.words[this.entry(slot) + RUN_MICROS]!, 0) / 1000;
  }

  /** Milliseconds that the thread worked on the order. */
  get busyTime(): number {
    return this.words[BUSY_MICROS]! / 1000;
  }

  /** Takes back a request that has not begun; false when it has. */
  recall(slot: number): boolean {
    return this.move(slot, SlotState.queued, SlotState.recalled);
  }

  /** Decides that a running request fails; false when it is done or was never begun. */
  kill(slot: number): boolean {
    return this.move(slot, SlotState.running, SlotState.killed);
  }

  /** Where the value of a slot lies that a function returned; undefined when it was posted. */
  value(slot: number): number | undefined {
    const entry = this.entry(slot);
    return this.words[entry + OUTCOME] === Outcome.value ? this.words[entry + OUTPUT_AT] : undefined;
  }

  /** The packed result of a slot, or undefined when it was posted. */
  response(slot: number): PluginResponse | undefined {
    const response = this.#packed(slot);
    const instructions = this.stamps[slot * TIMES + INSTRUCTIONS]!;
    return response === undefined || instructions === NOT_COUNTED ? response : { ...response, instructions };
  }

  #packed(slot: number): PluginResponse | undefined {
    const entry = this.entry(slot);
    const outcome = this.words[entry + OUTCOME];
    if (outcome === Outcome.posted) return undefined;
    const at = this.words[entry + OUTPUT_AT]!;
    const end = at + this.words[entry + OUTPUT_LENGTH]!;
    const output = this.bytes.toString('utf8', at, end);
    if (outcome === Outcome.success) return { output, success: true };
    if (outcome === Outcome.failure) return { output, success: false };
    const errorMessage = this.bytes.toString('utf8', end, end + this.words[entry + MESSAGE_LENGTH]!);
    return { output, success: outcome === Outcome.successWithMessage, errorMessage };
  }
}
