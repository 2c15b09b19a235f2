import { performance } from 'node:perf_hooks';
import { PluginError } from '../errors.ts';
import { Attempts } from './attempts.ts';
import { FailedRecord, Flight, type Runnable } from './flight.ts';
import { Limiter } from './limiter.ts';
import { OldestInFlight } from './oldest.ts';
import type { ResolvedBatchOptions } from './options.ts';
import { Results } from './results.ts';
import type { RecordSource } from './source.ts';
import type { BatchProgress } from './statistics.ts';
import type { Submit, SubmitMany } from './submit.ts';

/**
 * Pulls records from the source while fewer than `concurrency` are in flight or wait to be taken, so that a slow
 * consumer slows the source down and memory stays bounded. Results are taken synchronously: an `await` for each would
 * cost as much as the record.
 */
export class BatchRun<Item extends Runnable> {
  readonly #source: RecordSource<Item | FailedRecord<Item>>;
  readonly #options: ResolvedBatchOptions;
  readonly #limiter: Limiter;
  readonly #startedAt = performance.now();
  readonly #attempts: Attempts<Item>;
  readonly #results: Results<Item>;
  readonly #oldest = new OldestInFlight();
  #reader: 'open' | 'reading' | 'ended' = 'open';
  #failure: { readonly error: unknown } | undefined;
  #state: 'running' | 'stopped' = 'running';
  #notify: (() => void) | undefined;
  #read = 0;
  #inFlight = 0;
  #succeeded = 0;
  #refused = 0;
  #failed = 0;

  constructor(
    source: RecordSource<Item | FailedRecord<Item>>,
    options: ResolvedBatchOptions,
    submit: Submit,
    submitMany?: SubmitMany,
  ) {
    this.#source = source;
    this.#options = options;
    this.#attempts = new Attempts(options, submit, (flight) => this.#settle(flight), submitMany);
    this.#results = new Results(options.ordered ? 'by-index' : 'as-done');
    this.#limiter = new Limiter(options.concurrency);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** How far it is. */
  progress(): BatchProgress {
    const done = this.#succeeded + this.#refused + this.#failed;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return {
      read: this.#read,
      done,
      succeeded: this.#succeeded,
      refused: this.#refused,
      failed: this.#failed,
      retried: this.#attempts.retried,
      inFlight: this.#inFlight,
      concurrency: this.#limiter.limit,
      seconds,
      recordsPerSecond: done / seconds,
      plugins: this.#attempts.calls.plugins(),
      oldest: this.#oldest.look(this.#oldestFlight()),
    };
  }

  #oldestFlight(): Parameters<OldestInFlight['look']>[0] {
    const flight = this.#attempts.oldest;
    if (flight === undefined) return undefined;
    const { plugin, record, index } = flight;
    return { key: flight, plugin, index: record?.index ?? index, id: record?.id };
  }

  /**
   * The next record that is done, or undefined when there is none yet.
   *
   * @throws {PluginError} `ERR_ABORTED` once the signal is aborted.
   */
  take(): Flight<Item> | undefined {
    if (this.#options.signal?.aborted) {
      throw new PluginError('ERR_ABORTED', 'The batch was aborted', { cause: this.#options.signal.reason });
    }
    const result = this.#results.take();
    this.#fill();
    return result;
  }

  /**
   * Waits until there may be something to take.
   *
   * @returns `'ended'` when nothing will come any more.
   * @throws what the source threw, after everything that it gave before is taken.
   */
  async wait(): Promise<'more' | 'ended'> {
    if (this.#results.ready || this.#options.signal?.aborted) return 'more';
    if (this.#reader === 'ended' && this.#inFlight === 0) {
      if (this.#failure !== undefined) throw this.#failure.error;
      return 'ended';
    }
    if (this.#state === 'stopped') return 'ended';
    await new Promise<void>((resolve) => {
      this.#notify = resolve;
    });
    return 'more';
  }

  /** Ends it: what is in flight is aborted, and the source is told to end. Resolves when nothing is left running. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    const reader = this.#reader;
    this.#reader = 'ended';
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    // First, so that what it aborts is not tried again.
    this.#inFlight -= this.#attempts.stop();
    this.#abort();
    this.#wake();
    if (reader !== 'ended') await this.#source.stop();
    while (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
  }

  readonly #onAbort = (): void => {
    this.#abort();
    this.#wake();
  };

  #abort(): void {
    this.#attempts.abort(this.#options.signal?.reason);
  }

  #wake(): void {
    const notify = this.#notify;
    this.#notify = undefined;
    notify?.();
  }

  // -- records ----------------------------------------------------------------------------------------------------

  #fill(): void {
    while (this.#reader === 'open' && !this.#attempts.aborted) {
      if (this.#read - this.#results.taken >= this.#limiter.limit) {
        this.#limiter.reached();
        return;
      }
      let next: ReturnType<RecordSource<Item | FailedRecord<Item>>['next']>;
      try {
        next = this.#source.next();
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (!(next instanceof Promise)) {
        this.#accept(next);
        continue;
      }
      this.#reader = 'reading';
      next.then(
        (result) => {
          if (this.#state === 'stopped') return;
          this.#reader = 'open';
          this.#accept(result);
          this.#fill();
          this.#wake();
        },
        (error: unknown) => this.#fail(error),
      );
    }
  }

  /** The source failed: what it gave before goes on. */
  #fail(error: unknown): void {
    this.#reader = 'ended';
    this.#failure ??= { error };
    this.#wake();
  }

  #accept(next: IteratorResult<Item | FailedRecord<Item>>): void {
    if (next.done) {
      this.#reader = 'ended';
      return;
    }
    const { value } = next;
    const { deadlineMs } = this.#options;
    const index = this.#read++;
    this.#inFlight++;
    if (value instanceof FailedRecord) {
      const flight = new Flight(this.#attempts, index, value.record, undefined);
      flight.error = value.error;
      this.#settle(flight);
      return;
    }
    const expiresAt = deadlineMs === undefined ? undefined : performance.now() + deadlineMs;
    this.#attempts.begin(new Flight(this.#attempts, index, value, expiresAt));
  }

  /** A record has its answer, or its error. */
  #settle(flight: Flight<Item>): void {
    if (flight.error !== undefined) this.#failed++;
    else if (flight.response?.success) this.#succeeded++;
    else this.#refused++;
    this.#inFlight--;
    this.#limiter.settled();
    if (this.#state === 'running') this.#results.add(flight);
    if (this.#notify !== undefined) this.#wake();
  }
}
