const OPEN = 0;
const LIMIT = 1;

/**
 * The books of the descriptors that plugins hold, of all engines and threads of the process: it has one table of them,
 * and the host needs some for itself. They stand in shared memory, so that a thread asks nobody.
 */
export class Descriptors {
  #all: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(8)).fill(2 ** 30, LIMIT);
  /** Those of this thread, which the main thread takes off when it is gone. */
  #own: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));

  /** Shares the books of others from now on. */
  join(all: SharedArrayBuffer, own: SharedArrayBuffer): void {
    this.#all = new Int32Array(all);
    this.#own = new Int32Array(own);
  }

  /** For {@link join}, in other threads. */
  get buffer(): SharedArrayBuffer {
    return this.#all.buffer;
  }

  /** Descriptors that are booked. */
  get open(): number {
    return Atomics.load(this.#all, OPEN);
  }

  /** The most that plugins may hold together. */
  get limit(): number {
    return Atomics.load(this.#all, LIMIT);
  }

  set limit(limit: number) {
    Atomics.store(this.#all, LIMIT, limit);
  }

  /**
   * Books one more for somebody, while as many are left as he holds: whoever holds many stops before the last ones, which
   * are for those who hold few.
   *
   * @param held What he holds.
   */
  take(held: number): boolean {
    const before = Atomics.add(this.#all, OPEN, 1);
    if (before + Math.max(held, 1) > this.limit) {
      Atomics.sub(this.#all, OPEN, 1);
      return false;
    }
    Atomics.add(this.#own, 0, 1);
    return true;
  }

  give(): void {
    Atomics.sub(this.#all, OPEN, 1);
    Atomics.sub(this.#own, 0, 1);
  }

  /** A thread has ended; the system has closed what it held. */
  ended(own: SharedArrayBuffer): void {
    Atomics.sub(this.#all, OPEN, Atomics.exchange(new Int32Array(own), 0, 0));
  }
}

/** Those of this process. */
export const descriptors: Descriptors = new Descriptors();
