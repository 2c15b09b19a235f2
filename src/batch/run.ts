import { invalidArgument } from '../arguments/arguments.ts';
import type { PluginResponse } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import type { Abortable } from '../request/abort.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import type { ProcessRequest } from '../request/request.ts';
import type { JobListener } from '../scheduler/job.ts';
import { type Linked, LinkedList } from '../scheduler/linked-list.ts';
import { Limiter } from './limiter.ts';
import type { BatchResult, ResolvedBatchOptions } from './options.ts';
import { backoffMs, mayRetry } from './retry.ts';
import type { RecordSource } from './source.ts';
import { type BatchProgress, CallStatistics } from './statistics.ts';

/**
 * `engine.process` for a listener in the place of a promise, which may be called before it returns. Gives back what the
 * request can be aborted by.
 */
export type Submit = (
  plugin: string,
  request: ProcessRequest,
  options: ProcessOptions,
  listener: JobListener,
) => Abortable | undefined;

/** What every call gets. */
const WAIT: ProcessOptions = Object.freeze({ whenFull: 'wait' });

/** What runs. */
export interface Runnable extends ProcessRequest {
  readonly id?: string | undefined;
  readonly plugin?: string | undefined;
}

/** A record that is none, or may not run: it takes its place among the others and fails with this. */
export class FailedRecord<Item extends Runnable = Runnable> {
  readonly record: Item;
  readonly error: PluginError;

  constructor(record: Item, error: PluginError) {
    this.record = record;
    this.error = error;
  }
}

/** A record on its way through the batch: first in flight, then with its answer or its error. */
export class Flight<Item extends Runnable> implements JobListener, Linked<Flight<Item>> {
  previous: Flight<Item> | undefined;
  next: Flight<Item> | undefined;
  readonly index: number;
  readonly record: Item;
  /** When its deadline passes, by `performance.now()`. */
  readonly expiresAt: number | undefined;
  readonly #run: FlightControl<Item>;
  /** The step of the chain that it is at, and what goes into it. */
  stage = 0;
  request: ProcessRequest;
  plugin = '';
  /** Attempts at this step, and when the last one began, if its time is taken. */
  attempts = 0;
  startedAt = 0;
  /** The attempt that is under way. */
  job: Abortable | undefined;
  response: PluginResponse | undefined;
  error: PluginError | undefined;

  constructor(run: FlightControl<Item>, index: number, record: Item, expiresAt: number | undefined) {
    this.#run = run;
    this.index = index;
    this.record = record;
    this.expiresAt = expiresAt;
    this.request = record;
  }

  resolve(response: PluginResponse): void {
    this.#run.answered(this, response);
  }

  reject(error: PluginError): void {
    this.#run.rejected(this, error);
  }

  /** What became of it, for callers. */
  get result(): BatchResult {
    const { index, record, response, error, attempts } = this;
    const id = record?.id;
    if (error !== undefined) return { index, id, ok: false, error, attempts };
    return { index, id, ok: true, ...response! };
  }
}

/** Where a flight reports. */
interface FlightControl<Item extends Runnable> {
  answered(flight: Flight<Item>, response: PluginResponse): void;
  rejected(flight: Flight<Item>, error: PluginError): void;
}

/**
 * Pulls records from the source while fewer than `concurrency` are in flight or wait to be taken, so that a slow
 * consumer slows the source down and memory stays bounded. Results are taken synchronously: an `await` for each would
 * cost as much as the record.
 */
export class BatchRun<Item extends Runnable> {
  readonly #source: RecordSource<Item | FailedRecord<Item>>;
  readonly #options: ResolvedBatchOptions;
  readonly #submit: Submit;
  readonly #control: FlightControl<Item>;
  readonly #limiter: Limiter;
  readonly #calls = new CallStatistics();
  readonly #controller = new AbortController();
  /** What is with the engine. Aborted one by one: to give each a signal costs more than this list. */
  readonly #submitted = new LinkedList<Flight<Item>>();
  readonly #backoffs = new Set<NodeJS.Timeout>();
  readonly #startedAt = performance.now();
  /** Done and not taken: in the order in which they were done, or by their index. */
  #done: Flight<Item>[] = [];
  #doneAt = 0;
  readonly #byIndex = new Map<number, Flight<Item>>();
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

  constructor(source: RecordSource<Item | FailedRecord<Item>>, options: ResolvedBatchOptions, submit: Submit) {
    this.#source = source;
    this.#options = options;
    this.#submit = submit;
    this.#control = {
      answered: (flight, response) => this.#answered(flight, response),
      rejected: (flight, error) => this.#rejected(flight, error),
    };
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
      retried: this.#retried,
      inFlight: this.#inFlight,
      concurrency: this.#limiter.limit,
      seconds,
      recordsPerSecond: done / seconds,
      plugins: this.#calls.plugins(),
    };
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
    this.#abort();
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
    this.#abort();
    this.#wake();
  };

  #abort(): void {
    this.#controller.abort(this.#options.signal?.reason);
    for (const { job } of [...this.#submitted]) job?.aborted(this.#controller.signal);
  }

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
      const flight = new Flight(this.#control, index, value.record, undefined);
      this.#settleFailed(flight, value.error);
      return;
    }
    const expiresAt = deadlineMs === undefined ? undefined : performance.now() + deadlineMs;
    this.#attempt(new Flight(this.#control, index, value, expiresAt));
  }

  #attempt(flight: Flight<Item>): void {
    const { stage, record } = flight;
    flight.attempts++;
    flight.startedAt = this.#calls.begin();
    const plugin = stage === 0 ? (record?.plugin ?? this.#options.plugin) : this.#options.chain[stage - 1];
    if (typeof plugin === 'string' && plugin !== '') {
      flight.plugin = plugin;
      flight.job = undefined;
      this.#submitted.push(flight);
      flight.job = this.#submit(plugin, flight.request, this.#callOf(flight), flight);
    } else flight.reject(invalidArgument('plugin', 'a string that is not empty', plugin));
  }

  /** A record's deadline counts from when it was read, over all attempts and steps. */
  #callOf({ expiresAt }: Flight<Item>): ProcessOptions {
    if (expiresAt === undefined) return WAIT;
    return { ...WAIT, deadlineMs: Math.max(1, Math.ceil(expiresAt - performance.now())) };
  }

  #answered(flight: Flight<Item>, response: PluginResponse): void {
    this.#submitted.remove(flight);
    const { stage, startedAt, plugin } = flight;
    this.#calls.end(plugin, stage, startedAt, response.success ? 'success' : 'unsuccessful');
    if (response.success && stage < this.#options.chain.length && this.#state === 'running') {
      const { options } = flight.record;
      flight.stage++;
      flight.attempts = 0;
      flight.request = options === undefined ? { input: response.output } : { input: response.output, options };
      this.#attempt(flight);
      return;
    }
    if (response.success) this.#succeeded++;
    else this.#refused++;
    flight.response = response;
    this.#settle(flight);
  }

  #rejected(flight: Flight<Item>, error: PluginError): void {
    const { attempts, stage, startedAt, plugin } = flight;
    if (plugin !== '') {
      this.#submitted.remove(flight);
      this.#calls.end(plugin, stage, startedAt, 'unsuccessful');
    }
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
    this.#settleFailed(flight, error);
  }

  #settleFailed(flight: Flight<Item>, error: PluginError): void {
    this.#failed++;
    flight.error = error;
    this.#settle(flight);
  }

  // -- results ----------------------------------------------------------------------------------------------------

  #settle(flight: Flight<Item>): void {
    this.#inFlight--;
    this.#limiter.settled();
    if (this.#state === 'running') {
      if (this.#options.ordered) this.#byIndex.set(flight.index, flight);
      else this.#done.push(flight);
    }
    if (this.#notify !== undefined) this.#wake();
  }

  #hasResult(): boolean {
    return this.#options.ordered ? this.#byIndex.has(this.#taken) : this.#doneAt < this.#done.length;
  }

  #takeInOrder(): Flight<Item> | undefined {
    const result = this.#byIndex.get(this.#taken);
    if (result !== undefined) this.#byIndex.delete(this.#taken);
    return result;
  }

  #takeAny(): Flight<Item> | undefined {
    if (this.#doneAt === this.#done.length) return undefined;
    const result = this.#done[this.#doneAt++];
    if (this.#doneAt === this.#done.length) {
      this.#done = [];
      this.#doneAt = 0;
    }
    return result;
  }
}
