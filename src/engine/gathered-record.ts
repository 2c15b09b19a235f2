import { performance } from 'node:perf_hooks';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import { type ErrorDetails, PluginError } from '../errors.ts';
import { type Abortable, unwatchSignal, watchSignal } from '../request/abort.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { deadlines, type Expiring } from '../scheduler/deadlines.ts';
import type { Job, JobListener } from '../scheduler/job.ts';
import type { Lane } from '../scheduler/lane.ts';

/** What a record is asked with, as `process-batch` takes it. */
interface RecordRequest {
  readonly input: string;
  readonly options: RequestOptions;
}

/** Who has a record. */
export interface RecordHolder {
  /** Whether a thread may have begun it. */
  readonly hasBegun: boolean;
  /** Its caller gave it up. */
  givenUp(): void;
}

/** Takes a record in as a request by itself. */
type Alone = (
  request: RecordRequest,
  options: ProcessOptions,
  onOutcome: Job['onOutcome'],
  listener: JobListener,
) => Abortable;

/** A request that goes to its plugin together with others, and settles by itself. */
export class GatheredRecord implements Abortable, Expiring {
  peers: Expiring[] | undefined;
  place = 0;
  readonly request: RecordRequest;
  readonly options: ProcessOptions;
  /** Bytes that it takes of a call, as far as its texts are ASCII. */
  readonly bytes: number;
  holder: RecordHolder | undefined;
  readonly #lane: Lane;
  readonly #onOutcome: Job['onOutcome'];
  readonly #listener: JobListener;
  readonly #expiresAt: number;
  #state: 'open' | 'settled' = 'open';
  /** The request by itself that it has become. */
  #alone: Abortable | undefined;

  constructor(
    lane: Lane,
    request: RecordRequest,
    options: ProcessOptions,
    onOutcome: Job['onOutcome'],
    listener: JobListener,
  ) {
    const { signal, deadlineMs } = options;
    this.#lane = lane;
    this.request = request;
    this.options = options;
    this.#onOutcome = onOutcome;
    this.#listener = listener;
    this.bytes = request.options.reduce((sum, [key, value]) => sum + key.length + value.length, request.input.length);
    this.#expiresAt = deadlineMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + deadlineMs;
    if (signal?.aborted) this.aborted(signal);
    else if (deadlineMs !== undefined && deadlineMs <= 0) this.late();
    else {
      if (signal !== undefined) watchSignal(signal, this);
      if (deadlineMs !== undefined) deadlines.add(this, this.#expiresAt);
    }
  }

  /** Whether it still has to run: also before it has heard that its caller gave it up, it has not (invariant 15). */
  get isOpen(): boolean {
    if (this.#state === 'open' && this.options.signal?.aborted) this.aborted(this.options.signal);
    if (this.#state === 'open' && performance.now() >= this.#expiresAt) this.late();
    return this.#state === 'open';
  }

  aborted(signal: AbortSignal): void {
    const { reason } = signal;
    this.#alone?.aborted(signal);
    this.#giveUp(this.#error('ERR_ABORTED', 'The request was aborted', { cause: reason }));
  }

  late(): void {
    const limit = { name: 'deadlineMs', value: this.options.deadlineMs! };
    const message = `The request was not done within its deadline of ${limit.value} ms`;
    const hint = 'Raise `deadlineMs`, or lower `maxWaitMs` in `batchCalls`.';
    this.#giveUp(this.#error('ERR_DEADLINE', message, { limit, hint }));
  }

  /** @param ranMs Its share of the time that its call took. */
  resolve(response: PluginResponse, ranMs?: number): void {
    if (!this.#settle()) return;
    const { metrics } = this.#lane;
    metrics.answered++;
    if (!response.success) metrics.refused++;
    this.#onOutcome?.({ lane: this.#lane, code: undefined, success: response.success, ranMs });
    this.#listener.resolve(response);
  }

  reject(error: PluginError, ranMs?: number): void {
    if (!this.#settle()) return;
    this.#lane.metrics.errors.count(error.code);
    this.#onOutcome?.({ lane: this.#lane, code: error.code, success: false, ranMs });
    const { requestId } = this.options;
    this.#listener.reject(requestId === undefined ? error : error.with({ requestId }));
  }

  /** Goes on by itself, with what is left of its deadline. */
  goAlone(submit: Alone): void {
    if (!this.isOpen) return;
    const { deadlineMs, ...others } = this.options;
    const left = deadlineMs !== undefined && { deadlineMs: Math.ceil(this.#expiresAt - performance.now()) };
    this.#settle();
    // What was taken in once is not refused.
    this.#alone = submit(this.request, { ...others, ...left, whenFull: 'wait' }, this.#onOutcome, this.#listener);
  }

  #giveUp(error: PluginError): void {
    if (this.#state === 'settled') return;
    const { holder } = this;
    error.began = holder?.hasBegun ?? false;
    this.reject(error);
    holder?.givenUp();
  }

  #error(code: 'ERR_ABORTED' | 'ERR_DEADLINE', message: string, details: ErrorDetails): PluginError {
    const { version, plugin } = this.#lane;
    return new PluginError(code, message, { ...details, plugin, version });
  }

  #settle(): boolean {
    if (this.#state === 'settled') return false;
    this.#state = 'settled';
    deadlines.remove(this);
    if (this.options.signal !== undefined) unwatchSignal(this.options.signal, this);
    return true;
  }
}
