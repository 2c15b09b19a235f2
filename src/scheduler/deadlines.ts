import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';

/** The longest that a timer of Node's can be set for. */
const LONGEST_MS = 2 ** 31 - 1;

/** What has to be over at a time. */
export interface Expiring {
  /** Those that expire in the same millisecond, and where in there it is; none when it is not waited for. */
  peers: Expiring[] | undefined;
  place: number;
  /** Its time has come. Must not throw. */
  late(): void;
}

/**
 * When requests expire: one timer for all of them, since to set one for each and to take it back costs as much as the rest of
 * a request. They are kept by the millisecond, and the timer is set for the first one that somebody waited for; it may find
 * that nobody waits for it any more.
 */
export class Deadlines {
  readonly #byMillisecond = new Map<number, Expiring[]>();
  /** The millisecond that was asked for last: requests of the same turn expire together. */
  #recent = Number.NaN;
  #recentPeers: Expiring[] = [];
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** @param at On the clock of `performance.now()`. It is never told before that. */
  add(expiring: Expiring, at: number): void {
    const millisecond = Math.ceil(at);
    if (millisecond !== this.#recent) this.#turnTo(millisecond);
    expiring.place = this.#recentPeers.push(expiring) - 1;
    expiring.peers = this.#recentPeers;
    if (millisecond < this.#timerAt) this.#setTimer(millisecond);
    // What is waited for keeps the process alive, and nothing else does.
    if (++this.#count === 1) this.#timer?.ref();
  }

  /** It need not be told any more. */
  remove(expiring: Expiring): void {
    const { peers, place } = expiring;
    if (peers === undefined) return;
    const last = peers.pop()!;
    if (last !== expiring) {
      peers[place] = last;
      last.place = place;
    }
    expiring.peers = undefined;
    if (--this.#count === 0) this.#timer?.unref();
  }

  #turnTo(millisecond: number): void {
    let peers = this.#byMillisecond.get(millisecond);
    if (peers === undefined) {
      peers = [];
      this.#byMillisecond.set(millisecond, peers);
    }
    this.#recent = millisecond;
    this.#recentPeers = peers;
  }

  #setTimer(millisecond: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = millisecond;
    const left = Math.ceil(millisecond - performance.now());
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(left, 1), LONGEST_MS));
    if (this.#count === 0) this.#timer.unref();
  }

  /** Tells what is late, and sets the timer for what comes next. */
  #look(): void {
    const now = performance.now();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const [millisecond, peers] of this.#byMillisecond) {
      if (millisecond > now && peers.length > 0) {
        next = Math.min(next, millisecond);
        continue;
      }
      this.#byMillisecond.delete(millisecond);
      if (millisecond === this.#recent) this.#recent = Number.NaN;
      this.#tell(peers);
    }
    // Those that were told may have asked for more.
    if (next < this.#timerAt) this.#setTimer(next);
  }

  #tell(peers: readonly Expiring[]): void {
    for (let first = peers[0]; first !== undefined; first = peers[0]) {
      this.remove(first);
      first.late();
    }
  }
}

/** Those of this process. */
export const deadlines: Deadlines = new Deadlines();
