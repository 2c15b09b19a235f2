import { performance } from 'node:perf_hooks';
import type { PluginError } from '../../errors.ts';
import { Attempts } from '../attempts.ts';
import { Flight } from '../flight.ts';
import type { ResolvedBatchOptions } from '../options.ts';
import type { CallStatistics } from '../statistics.ts';
import type { Submit, SubmitMany } from '../submit.ts';
import { type FileRecord, malformedError } from './record.ts';
import type { Done } from './result-line.ts';

/**
 * The records of a batch of blocks that are not in one: those that name another plugin, that are too long, or that are
 * tried again. Each goes its own way, as many at once as the batch's `concurrency` says.
 */
export class LoneRecords {
  readonly #max: number;
  readonly #deadlineMs: number | undefined;
  readonly #over: (done: Done) => void;
  readonly #attempts: Attempts<FileRecord>;
  readonly #waiting: FileRecord[] = [];
  #running = 0;
  #state: 'running' | 'stopped' = 'running';

  /**
   * @param calls Where their calls are counted.
   * @param over Told of each once, unless {@link forget} or {@link stop} counted it.
   */
  constructor(
    options: ResolvedBatchOptions,
    submit: Submit,
    submitMany: SubmitMany,
    calls: CallStatistics,
    over: (done: Done) => void,
  ) {
    this.#max = options.concurrency.max;
    this.#deadlineMs = options.deadlineMs;
    this.#over = over;
    this.#attempts = new Attempts(options, submit, (flight) => this.#settled(flight), submitMany, calls);
  }

  /** Those that have not begun. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** What is with the engine for longest. */
  get oldest(): Flight<FileRecord> | undefined {
    return this.#attempts.oldest;
  }

  /** Attempts after the first one. */
  get retried(): number {
    return this.#attempts.retried;
  }

  add(records: Iterable<FileRecord>): void {
    for (const record of records) this.#waiting.push(record);
    this.#pump();
  }

  /** An attempt was made in a block, and failed: it is tried again if it may be, or over. */
  failed(record: FileRecord, error: PluginError): void {
    if (record.malformed !== undefined) {
      this.#refuse(record);
      return;
    }
    this.#running++;
    const flight = new Flight(this.#attempts, record.index, record, undefined);
    flight.attempts = 1;
    this.#attempts.rejected(flight, error);
  }

  /** Lets go of those that have not begun; returns how many they were. */
  forget(): number {
    return this.#waiting.splice(0).length;
  }

  /** Aborts what runs. Returns how many will not be over any more. */
  stop(reason: unknown): number {
    this.#state = 'stopped';
    const never = this.forget() + this.#attempts.stop();
    this.#attempts.abort(reason);
    return never;
  }

  #pump(): void {
    while (this.#running < this.#max && this.#waiting.length > 0 && this.#state === 'running') {
      const record = this.#waiting.shift()!;
      if (record.malformed !== undefined) this.#refuse(record);
      else {
        this.#running++;
        const expiresAt = this.#deadlineMs === undefined ? undefined : performance.now() + this.#deadlineMs;
        this.#attempts.begin(new Flight(this.#attempts, record.index, record, expiresAt));
      }
    }
  }

  #refuse(record: FileRecord): void {
    this.#over({ record, response: undefined, error: malformedError(record), attempts: 0 });
  }

  #settled(flight: Flight<FileRecord>): void {
    this.#running--;
    this.#over(flight);
    this.#pump();
  }
}
