import { MOST_RECORDS } from '../request/batch-calls.ts';

/** Milliseconds that a call is to take: enough that what it costs beside its work is little, and no more than a turn. */
const CALL_MS = 10;
/** Records of the first call, of which nothing is known. */
const FIRST = 16;
/** Calls of which the quickest tells how long a record takes: others have made an instance, or waited for the machine. */
const LOOKED_AT = 4;
/** How much of the most that a record answered with is forgotten with each call. */
const FORGOTTEN = 0.3;
/** Calls that have to return before one may be as large again as one that failed. */
const CAREFUL_FOR = 64;
/** Texts of one call: beyond the room of a mailbox a call is a message. */
export const CALL_BYTES: number = 192 * 1024;

/** How many records a call should have, learnt from the calls before. */
export class CallSize {
  readonly #maxOutputBytes: number;
  #records = FIRST;
  /** What answers leave room for. */
  #inBytes = Number.POSITIVE_INFINITY;
  readonly #msEach: number[] = [];
  #bytesEach = 0;
  /** Of what is larger, calls have failed. */
  #most = MOST_RECORDS;
  #returned = 0;

  /** @param maxOutputBytes Of the policy: what a call may answer with. */
  constructor(maxOutputBytes: number) {
    this.#maxOutputBytes = maxOutputBytes;
  }

  /**
   * @param minSize What whoever loaded the plugin wants at least: more than would be quick, but not more than calls have failed
   * with, nor than answers have room.
   */
  atLeast(minSize: number): number {
    return Math.max(this.#records, Math.min(minSize, this.#most, Math.max(Math.floor(this.#inBytes), 1)));
  }

  /** Learns from a call. @param units Of text that it answered with. */
  ran(records: number, milliseconds: number, units: number): void {
    this.#msEach.unshift(milliseconds / records);
    this.#msEach.splice(LOOKED_AT);
    // An estimate that is too low fails a call.
    this.#bytesEach = Math.max((3 * units) / records, this.#bytesEach * (1 - FORGOTTEN));
    const inTime = CALL_MS / Math.max(Math.min(...this.#msEach), 1e-6);
    this.#inBytes = this.#maxOutputBytes / 2 / Math.max(this.#bytesEach, 1);
    // Twice as many at the most: a plugin may be quick with few and slow with many.
    const most = Math.min(2 * Math.max(this.#records, records), inTime, this.#inBytes);
    if (++this.#returned % CAREFUL_FOR === 0) this.#most = Math.min(2 * this.#most, MOST_RECORDS);
    this.#records = Math.max(Math.floor(Math.min(most, this.#most)), 1);
  }

  /** One was a trap or over a limit, which is less likely for fewer records: more load gets no fewer answers (invariant 16). */
  failed(records: number): void {
    this.#most = Math.max(Math.floor(Math.min(this.#most, records) / 2), 1);
    this.#returned = 0;
    this.#records = Math.min(this.#records, this.#most);
  }
}
