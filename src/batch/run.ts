import { nonEmptyString } from '../arguments.ts';
import { PluginError } from '../errors.ts';
import type { PluginResponse } from '../protocol.ts';
import type { ProcessRequest } from '../request.ts';
import type { ProcessOptions } from '../scheduler/job.ts';
import { Limiter } from './limiter.ts';
import type { BatchRequest, BatchResult, ResolvedBatchOptions } from './options.ts';
import { backoffMs, mayRetry } from './retry.ts';
import type { RecordSource } from './source.ts';
import { type BatchProgress, CallStatistics } from './statistics.ts';

/** `engine.process`. */
export type Process = (plugin: string, request: ProcessRequest, options: ProcessOptions) => Promise<PluginResponse>;

/** A record that is none, or may not run: it takes its place among the others and fails with this. */
export class FailedRecord {
  readonly id: string | undefined;
  readonly error: PluginError;

  constructor(error: PluginError, id?: string) {
    this.error = error;
    this.id = id;
  }
}

/** A record that has been read and is not done. */
interface Flight {
  readonly index: number;
  readonly record: BatchRequest;
  /** When its deadline passes, by `performance.now()`. */
  readonly expiresAt: number | undefined;
  /** The step of the chain that it is at, and what goes into it. */
  stage: number;
  request: ProcessRequest;
  /** Attempts at this step. */
  attempts: number;
}

/**
 * Pulls records from the source while fewer than `concurrency` are in flight or wait to be taken, so that a slow
 * consumer slows the source down and memory stays bounded. Results are taken synchronously: an `await` for each would
 * cost as much as the record.
 */
export class BatchRun {
  readonly #source: RecordSource<BatchRequest | FailedRecord>;
  readonly #options: ResolvedBatchOptions;
  readonly #process: Process;
  readonly #limiter: Limiter;
  readonly #calls = new CallStatistics();
  readonly #controller = new AbortController();
  /** What every call gets, where there is no deadline to be counted for each. */
  readonly #call: ProcessOptions;
  readonly #backoffs = new Set<NodeJS.Timeout>();
  readonly #startedAt = performance.now();
  /** Done and not taken: in the order in which they were done, or by their index. */
  #done: BatchResult[] = [];
  #doneAt = 0;
  readonly #byIndex = new Map<number, BatchResult>();
  #reader: 'open' | 'reading' | 'ended' = 'open';
  #failure: { readonly error: unknown } | undefined;
  #state: 'running' | 'stopped' = 'running';
  #notify: (() => void) | undefined;
  #read = 0;
  #taken = 0;
  #inFlight = 0;
  #succeeded = 0;
  #refused = 0;
  #failed = 0;
  #retried = 0;

  constructor(source: RecordSource<BatchRequest | FailedRecord>, options: ResolvedBatchOptions, process: Process) {
    this.#source = source;
    this.#options = options;
    this.#process = process;
    this.#limiter = new Limiter(options.concurrency);
    this.#call = { signal: this.#controller.signal, whenFull: 'wait' };
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
      retried: this.#retried,
      inFlight: this.#inFlight,
      concurrency: this.#limiter.limit,
      seconds,
      recordsPerSecond: done / seconds,
      plugins: this.#calls.plugins(),
    };
  }

  /**
   * The next result, or undefined when there is none yet.
   *
   * @throws {PluginError} `ERR_ABORTED` once the signal is aborted.
   */
  take(): BatchResult | undefined {
    if (this.#options.signal?.aborted) {
      throw new PluginError('ERR_ABORTED', 'The batch was aborted', { cause: this.#options.signal.reason });
    }
    const result = this.#options.ordered ? this.#takeInOrder() : this.#takeAny();
    if (result !== undefined) this.#taken++;
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
    if (this.#hasResult() || this.#options.signal?.aborted) return 'more';
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
    this.#controller.abort(this.#options.signal?.reason);
    for (const timer of this.#backoffs) clearTimeout(timer);
    this.#inFlight -= this.#backoffs.size;
    this.#backoffs.clear();
    this.#wake();
    if (reader !== 'ended') await this.#source.stop();
    while (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
  }

  readonly #onAbort = (): void => {
    this.#controller.abort(this.#options.signal?.reason);
    this.#wake();
  };

  #wake(): void {
    const notify = this.#notify;
    this.#notify = undefined;
    notify?.();
  }

  // -- records ----------------------------------------------------------------------------------------------------

  #fill(): void {
    while (this.#reader === 'open' && !this.#controller.signal.aborted) {
      if (this.#read - this.#taken >= this.#limiter.limit) {
        this.#limiter.reached();
        return;
      }
      let next: ReturnType<RecordSource<BatchRequest | FailedRecord>['next']>;
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

  #accept(next: IteratorResult<BatchRequest | FailedRecord>): void {
    if (next.done) {
      this.#reader = 'ended';
      return;
    }
    const record = next.value;
    const { deadlineMs } = this.#options;
    this.#inFlight++;
    if (record instanceof FailedRecord) {
      this.#failed++;
      this.#settle({ index: this.#read++, id: record.id, ok: false, error: record.error, attempts: 0 });
      return;
    }
    this.#attempt({
      index: this.#read++,
      record,
      expiresAt: deadlineMs === undefined ? undefined : performance.now() + deadlineMs,
      stage: 0,
      request: record,
      attempts: 0,
    });
  }

  #attempt(flight: Flight): void {
    flight.attempts++;
    const { stage, request } = flight;
    const startedAt = this.#calls.begin();
    let plugin = '';
    let response: Promise<PluginResponse>;
    try {
      plugin = stage === 0 ? (flight.record?.plugin ?? this.#options.plugin ?? '') : this.#options.chain[stage - 1]!;
      response = this.#process(nonEmptyString('plugin', plugin), request, this.#callOf(flight));
    } catch (error) {
      response = Promise.reject(error);
    }
    response.then(
      (answer) => {
        this.#calls.end(plugin, stage, startedAt, answer.success ? 'success' : 'unsuccessful');
        this.#answered(flight, answer);
      },
      (error: PluginError) => {
        this.#calls.end(plugin, stage, startedAt, 'unsuccessful');
        this.#rejected(flight, error);
      },
    );
  }

  /** A record's deadline counts from when it was read, over all attempts and steps. */
  #callOf({ expiresAt }: Flight): ProcessOptions {
    if (expiresAt === undefined) return this.#call;
    return { ...this.#call, deadlineMs: Math.max(1, Math.ceil(expiresAt - performance.now())) };
  }

  #answered(flight: Flight, response: PluginResponse): void {
    if (response.success && flight.stage < this.#options.chain.length && this.#state === 'running') {
      const { options } = flight.record;
      flight.stage++;
      flight.attempts = 0;
      flight.request = options === undefined ? { input: response.output } : { input: response.output, options };
      this.#attempt(flight);
      return;
    }
    if (response.success) this.#succeeded++;
    else this.#refused++;
    this.#settle({ index: flight.index, id: flight.record?.id, ok: true, ...response });
  }

  #rejected(flight: Flight, error: PluginError): void {
    const { attempts } = flight;
    if (this.#state === 'running' && mayRetry(error, attempts, this.#options)) {
      const delay = backoffMs(attempts, this.#options.retry);
      if (flight.expiresAt === undefined || performance.now() + delay < flight.expiresAt) {
        this.#retried++;
        const timer = setTimeout(() => {
          this.#backoffs.delete(timer);
          this.#attempt(flight);
        }, delay);
        this.#backoffs.add(timer);
        return;
      }
    }
    this.#failed++;
    this.#settle({ index: flight.index, id: flight.record?.id, ok: false, error, attempts });
  }

  // -- results ----------------------------------------------------------------------------------------------------

  #settle(result: BatchResult): void {
    this.#inFlight--;
    this.#limiter.settled();
    if (this.#state === 'running') {
      if (this.#options.ordered) this.#byIndex.set(result.index, result);
      else this.#done.push(result);
    }
    if (this.#notify !== undefined) this.#wake();
  }

  #hasResult(): boolean {
    return this.#options.ordered ? this.#byIndex.has(this.#taken) : this.#doneAt < this.#done.length;
  }

  #takeInOrder(): BatchResult | undefined {
    const result = this.#byIndex.get(this.#taken);
    if (result !== undefined) this.#byIndex.delete(this.#taken);
    return result;
  }

  #takeAny(): BatchResult | undefined {
    if (this.#doneAt === this.#done.length) return undefined;
    const result = this.#done[this.#doneAt++];
    if (this.#doneAt === this.#done.length) {
      this.#done = [];
      this.#doneAt = 0;
    }
    return result;
  }
}
