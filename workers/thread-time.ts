import { CERTAIN_SHARE } from '../src/pool/certain-share.ts';

/** Milliseconds of work after which the thread is asked for its CPU time again: the answer takes a microsecond. */
const INTERVAL_MS = 1;

/**
 * How long this thread worked on its orders: what it used of a processor, and what it slept for a guest; not what the
 * clock did while the machine was busy with something else.
 */
export class ThreadTime {
  readonly #cpuMs: () => number;
  readonly #sleptMs: () => number;
  readonly #publish: (cpuMs: number) => void;
  #cpu: number;
  #slept: number;
  /** Milliseconds that orders took since the last look. */
  #since = 0;

  /**
   * @param cpuMs Milliseconds of CPU time that the thread has used.
   * @param sleptMs Milliseconds that it has slept.
   * @param publish Is told of each look.
   */
  constructor(cpuMs: () => number, sleptMs: () => number, publish: (cpuMs: number) => void) {
    this.#cpuMs = cpuMs;
    this.#sleptMs = sleptMs;
    this.#publish = publish;
    this.#cpu = cpuMs();
    this.#slept = sleptMs();
    publish(this.#cpu);
  }

  /** Milliseconds that the thread worked on an order that took so long by the clock. */
  worked(milliseconds: number): number {
    this.#since += milliseconds;
    if (this.#since < INTERVAL_MS) return milliseconds;
    const before = this.#since - milliseconds;
    const cpu = this.#cpuMs();
    const slept = this.#sleptMs();
    const used = cpu - this.#cpu + slept - this.#slept - before;
    this.#cpu = cpu;
    this.#slept = slept;
    this.#since = 0;
    this.#publish(cpu);
    return Math.min(Math.max(used, milliseconds * CERTAIN_SHARE), milliseconds);
  }
}
