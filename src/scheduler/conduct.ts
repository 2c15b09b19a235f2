/** Requests in a row that have to end in time before a plugin is known to behave. */
const KNOWN_AFTER = 8;
/** What counts of a long good record: the more of it, the longer it takes to lose it. */
const LONGEST_RECORD = 64;

/** How a tenant's requests have ended lately, which decides how many threads it leaves to others. */
export class Conduct {
  /** Requests that ended in time, of late. */
  #record = 0;
  #state: 'unknown' | 'bad' = 'unknown';

  /** `good` once enough requests have ended in time; `bad` after one was ended, until it is good. */
  get state(): 'good' | 'unknown' | 'bad' {
    return this.#record >= KNOWN_AFTER ? 'good' : this.#state;
  }

  /** So many requests ended in time. */
  behaved(requests: number): void {
    this.#record = Math.min(this.#record + requests, LONGEST_RECORD);
  }

  /** One runs long, which a busy machine may have to do with. */
  tookLong(): void {
    this.#record = Math.floor(this.#record / 2);
  }

  /** A request of it was told to end, which cost no thread. */
  wasInterrupted(): void {
    this.#record = 0;
  }

  /** A thread was ended because of it. */
  costThread(): void {
    this.#record = 0;
    this.#state = 'bad';
  }
}

/** How many threads have to be left over for others when a tenant takes one, of so many that are reserved. */
export function leavesToOthers({ state }: Conduct, held: number, reserved: number): number {
  if (held > 0 || state === 'bad') return reserved;
  return state === 'good' ? 0 : reserved - 1;
}
