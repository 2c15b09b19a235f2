import type { ErrorCode } from '../errors.ts';
import type { RequestTimes } from './request-times.ts';
import { Tally } from './tally.ts';

/**
 * How often each code came up.
 *
 * @example
 * const total = (errors: CountByCode) => Object.values(errors).reduce((sum, count) => sum + count, 0);
 * console.log(engine.metrics.snapshot().plugins.map(({ errors }) => total(errors)));
 */
export type CountByCode = Readonly<Partial<Record<ErrorCode, number>>>;

/** A set of counters by code. */
class CodeCounter {
  readonly #counts = new Map<ErrorCode, number>();

  count(code: ErrorCode, times = 1): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + times);
  }

  /** Takes one back, which somebody else counts. */
  uncount(code: ErrorCode): void {
    const times = (this.#counts.get(code) ?? 0) - 1;
    if (times > 0) this.#counts.set(code, times);
    else this.#counts.delete(code);
  }

  add(other: CodeCounter): void {
    for (const [code, times] of other.#counts) this.count(code, times);
  }

  toJSON(): CountByCode {
    return Object.fromEntries(this.#counts);
  }
}

/**
 * The books of one version of a plugin: what its workers count, each in a {@link Tally} of its own, and what only the
 * main thread knows, which is how requests ended that no worker answered.
 */
export class VersionMetrics {
  readonly errors: CodeCounter = new CodeCounter();
  readonly workerKills: CodeCounter = new CodeCounter();
  /** Calls that were told to end while their threads stayed, by the code of the error. */
  readonly interrupts: CodeCounter = new CodeCounter();
  /** Answers, those with `success: false` included. */
  answered = 0;
  /** Answers with `success: false`. */
  refused = 0;
  /** What was counted by workers that are gone, and by the main thread for those that it ended. */
  readonly #past = new Tally();
  readonly #tallies = new Map<number, Tally>();

  readonly #mode: 'on' | 'off';

  /** @param mode `off`: workers count nothing. */
  constructor(mode: 'on' | 'off' = 'on') {
    this.#mode = mode;
  }

  /** What a thread gets with the definition: the memory in which it counts for this version. */
  parcel(threadId: number): { readonly tally?: SharedArrayBuffer } {
    if (this.#mode === 'off') return {};
    let tally = this.#tallies.get(threadId);
    if (tally === undefined) {
      tally = new Tally();
      this.#tallies.set(threadId, tally);
    }
    return { tally: tally.buffer };
  }

  /** A thread was ended because of a request, or died during one. */
  lostWorker(code: ErrorCode, cpuMs: number): void {
    this.workerKills.count(code);
    this.#past.usedCpu(cpuMs);
  }

  /** A request that had begun was ended together with its thread, which can no longer count it. */
  lostCall({ asked, begun, ended }: RequestTimes, now: number): void {
    // It ended by itself at the last moment: then it is counted, although its result came too late.
    if (this.#mode === 'off' || ended !== 0) return;
    this.#past.queueWait.record(begun - asked);
    this.#past.duration.record(now - begun);
  }

  /** A thread is gone: what it counted stays. */
  endedThread(threadId: number): void {
    const tally = this.#tallies.get(threadId);
    if (tally === undefined) return;
    this.#tallies.delete(threadId);
    this.#past.add(tally);
    this.#past.endedWorker();
  }

  /** What all threads have counted together. */
  get total(): Tally {
    const total = new Tally();
    total.add(this.#past);
    for (const tally of this.#tallies.values()) total.add(tally);
    return total;
  }

  /** Adds the books of another version; its threads' tallies become the past. */
  add(other: VersionMetrics): void {
    this.errors.add(other.errors);
    this.workerKills.add(other.workerKills);
    this.interrupts.add(other.interrupts);
    this.answered += other.answered;
    this.refused += other.refused;
    this.#past.add(other.total);
  }
}
