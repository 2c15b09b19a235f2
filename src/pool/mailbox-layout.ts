import { Buffer } from 'node:buffer';

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

/** Requests that an order has at a time at the most: as many as may go on beside each other. */
export const SLOTS = 1024;
/** Requests of one batch at the most. */
export const BATCH_SLOTS = 256;

const HEADER_WORDS = 16;
export const SHIFT = 0;
export const BUSY_MICROS = 1;
export const ORDER_KIND = 2;
export const ORDER_RETIRES = 3;
export const ORDER_COUNT = 4;
export const ORDER_PARCEL = 5;
/** Of a `concurrent` order: a number that changes with what the main thread does to it, whether it takes more, and whose slot runs. */
export const CHANGES = 6;
export const TAKES_MORE = 7;
export const CURRENT = 8;

/**
 * Where the order of a mailbox is. A worker has two of them and takes orders from them by turns. The one that comes next is
 * `free` while it is at the other: what is posted there then it finds when it is done, with nothing to wake it up for. Once it
 * has nothing to do it waits there with its thread blocked (`waiting`), so that handing over an order costs a futex and no
 * message; after a while it closes its shift, and a message has to begin the next one. Every change of two parties is a
 * compare-exchange.
 */
export const Shift = { closed: 0, posted: 1, working: 2, waiting: 3, free: 4 } as const;

export const ORDERS = ['process', 'prepare', 'retire', 'block', 'concurrent'] as const;

/** What a worker is to do next; the requests stand in the slots. */
export interface Order {
  readonly kind: (typeof ORDERS)[number];
  /** For `retire`: the number under which the worker knows the definition. Every slot has one of its own. */
  readonly retires?: number;
  /** Slots in use, from 0. */
  readonly count: number;
  /** Whether a {@link Parcel} for it waits in the port. */
  readonly parcel: boolean;
}

/**
 * Per slot: where its input and options are, how many options, where its output and error message are, and whose it is.
 * A call of a function is a request whose number of options is that of the function below zero, from -1; where its options
 * would be stands what its pointers count from. Slots of one definition in a row are a run: the last of them has what the run left behind and how long it took.
 */
const ENTRY_WORDS = 12;
export const INPUT_AT = 0;
/** In the place of where its input is: it came by message, or its worker has a copy. */
export const TAKEN = -1;
export const INPUT_LENGTH = 1;
export const OPTIONS_AT = 2;
export const OPTION_COUNT = 3;
export const OUTPUT_AT = 4;
export const OUTPUT_LENGTH = 5;
export const OUTCOME = 6;
export const MESSAGE_LENGTH = 7;
export const DEFINITION = 8;
export const RUN_MICROS = 9;
export const RUN_KIB = 10;
export const RUN_MEMORIES = 11;

export const STATES_AT: number = HEADER_WORDS;
const ENTRIES_AT = STATES_AT + SLOTS;
const WORDS = ENTRIES_AT + SLOTS * ENTRY_WORDS;
/** Per slot, as 64-bit numbers: when it was asked for, when the worker began it, when it was done, and its instructions. */
export const TIMES = 4;
export const ASKED = 0;
export const BEGUN = 1;
export const ENDED = 2;
export const INSTRUCTIONS = 3;
/** The instructions of a request whose policy does not have them counted: every call takes some. */
export const NOT_COUNTED = 0;
const TIMES_AT = WORDS * Int32Array.BYTES_PER_ELEMENT;
const STAMPS = SLOTS * TIMES;
export const REQUESTS_AT: number = TIMES_AT + STAMPS * Float64Array.BYTES_PER_ELEMENT;
export const REQUEST_BYTES: number = 256 * 1024;
export const RESPONSES_AT: number = REQUESTS_AT + REQUEST_BYTES;
export const RESPONSE_BYTES: number = 512 * 1024;

/**
 * How a request of the mailbox ended. `posted` results travel by message because they are errors or too large; a `value` is
 * what a function returned.
 */
export const Outcome = {
  posted: 0,
  success: 1,
  failure: 2,
  failureWithMessage: 3,
  successWithMessage: 4,
  value: 5,
} as const;

/**
 * The memory of one order that the main thread shares with a worker: a word of state per request, the requests as packed
 * UTF-8, and their results. Messages only wake the main thread; what happened stands here, where it
 * outlives the worker. Only the thread that owns the current state of a slot writes to its entry.
 */
export class MailboxMemory {
  readonly buffer: SharedArrayBuffer;
  protected readonly words: Int32Array;
  protected readonly stamps: Float64Array;
  protected readonly bytes: Buffer;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(RESPONSES_AT + RESPONSE_BYTES)) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, WORDS);
    this.stamps = new Float64Array(buffer, TIMES_AT, STAMPS);
    this.bytes = Buffer.from(buffer);
  }

  /** Where the entry of a slot begins. */
  protected entry(slot: number): number {
    return ENTRIES_AT + slot * ENTRY_WORDS;
  }

  /** Moves a slot from one state to another; false when it has moved already. */
  protected move(slot: number, from: SlotState, to: SlotState): boolean {
    return Atomics.compareExchange(this.words, STATES_AT + slot, from, to) === from;
  }
}

/** Whether a string surely fits into so many bytes of UTF-8; counts exactly only when the quick bound says no. */
export function fits(text: string, room: number): boolean {
  return text.length * 3 <= room || Buffer.byteLength(text) <= room;
}
