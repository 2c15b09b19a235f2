import { performance } from 'node:perf_hooks';
import type { PluginMetadata, PluginResponse, RequestOptions } from '../contract/values.ts';
import { type ErrorCode, PluginError } from '../errors.ts';
import type { Observation } from '../observe/observation.ts';
import type { Berth } from '../pool/berth.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import { type Abortable, unwatchSignal, watchSignal } from '../request/abort.ts';
import type { PreparedCall } from '../request/function-call.ts';
import { deadlines, type Expiring } from './deadlines.ts';
import type { Applicant, Carried } from './gate.ts';
import type { Lane, Queued } from './lane.ts';
import type { RanElsewhere } from './ran-elsewhere.ts';

/** `prepare` makes an instance ahead of requests; its result is the plugin's metadata. A `block` is many requests. */
export type JobKind = 'process' | 'prepare' | 'block';

/**
 * Where a job is: waiting for room in the queue, in the queue, in a worker's mailbox, taken out of one of these by
 * somebody who is about to settle it or to put it back, or over. A job is settled exactly once (invariant 1): every path
 * ends in {@link Job.resolve} or {@link Job.reject}, and the first one wins.
 */
export type JobState = 'waiting' | 'queued' | 'sent' | 'taken' | 'settled';

/** How a request ended. */
export interface JobOutcome {
  /** The version that had it in the end: a gate sends requests to another one when its own keeps failing. */
  readonly lane: Lane;
  /** What it failed with; undefined when it was answered. */
  readonly code: ErrorCode | undefined;
  /** What the plugin said; false when it did not. */
  readonly success: boolean;
  /** Milliseconds that it ran; undefined when it never began. */
  readonly ranMs: number | undefined;
}

/**
 * Hears how a job ends, once: what `Promise.withResolvers()` gives, or who does without a promise, as that and its
 * callbacks cost as much as a short request.
 */
export interface JobListener<Result = PluginResponse> {
  resolve(result: Result): void;
  reject(error: PluginError): void;
}

/** What takes a job through a worker: a batch. */
export interface Carrier {
  readonly thread: PluginThread;
  /** Where its worker finds it. */
  readonly berth: Berth;
  /** Milliseconds that a job has run so far, or ran; undefined when it has not begun. */
  ranMs(job: Job): number | undefined;
  /** Takes back a job that has not begun; false when it has. */
  recall(job: Job): boolean;
}

/** A unit of guest work: a caller's request, or the making of an instance. */
export class Job implements Queued, Applicant<Lane>, Abortable, Expiring {
  previous: Job | undefined;
  next: Job | undefined;
  state: JobState = 'waiting';
  /** Where the job is while it is sent. */
  batch: Carrier | undefined;
  slot = -1;
  /** The requests that it carries, if it is a call of several. */
  carried: Carried | undefined;
  /** How it went in no thread of the pool, when it went there. */
  elsewhere: RanElsewhere | undefined;

  readonly kind: JobKind;
  /** Changes only while the job is not sent, when another plugin takes it. */
  lane: Lane;
  readonly #input: string;
  readonly options: RequestOptions;
  readonly priority: number;
  /** What the caller named it, or its number: most are never asked for their name. */
  readonly #id: string | number;
  /** Undefined once it has heard: a promise has its answer, which its batch must not keep. */
  #listener: JobListener<PluginResponse | PluginMetadata | undefined> | undefined;
  /** What it was rejected with. */
  failure: PluginError | undefined;
  /** Set by whoever keeps count of the jobs that are not settled. */
  onSettled: ((job: Job) => void) | undefined;
  /** Set by whoever compares versions; told how a request ended. Must not throw. */
  onOutcome: ((outcome: JobOutcome) => void) | undefined;
  /** How many requests it counts as with those that are not settled, and how many bytes. */
  booked = 0;
  bookedBytes = 0;
  /** What becomes of it where there is no room. */
  whenFull: 'reject' | 'wait' = 'reject';
  /** Set by whoever keeps count of what callers hold; says why the answer cannot be handed over, if it cannot. */
  keep: ((job: Job, answer: PluginResponse) => PluginError | undefined) | undefined;
  /** When `process()` was called, on the clock of `performance.now()`; for the books and for the order of versions. */
  askedAt = 0;
  /** The function to call instead of `process`. */
  call: PreparedCall | undefined;
  /** What it returned. */
  value: unknown;
  /** Who listens to what becomes of it. */
  observation: Observation | undefined;
  /** Workers that died with the job first in line, before it began. */
  losses = 0;
  /** Whether a worker won RUNNING for it. Known for certain when the job settles. */
  began = false;
  #onExpired: ((job: Job, error: PluginError) => void) | undefined;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #deadlineAt = Number.POSITIVE_INFINITY;
  peers: Expiring[] | undefined;
  place = 0;
  #signal: AbortSignal | undefined;

  constructor(
    kind: JobKind,
    lane: Lane,
    input: string,
    options: RequestOptions,
    id: string | number,
    priority: number,
    listener: JobListener<never>,
  ) {
    this.kind = kind;
    this.lane = lane;
    this.#input = input;
    this.options = options;
    this.#id = id;
    this.priority = priority;
    this.#listener = listener as JobListener<PluginResponse | PluginMetadata | undefined>;
  }

  /** The text of the request, or what tells a call apart from others. */
  get input(): string {
    return this.call === undefined ? this.#input : this.call.input;
  }

  /** How many requests it is to the limits of the queue. */
  get weight(): number {
    const { call } = this;
    return call !== undefined && 'requests' in call ? call.requests : 1;
  }

  /** Another plugin takes it, whose functions have other numbers and types: the call goes there by name. */
  moveTo(lane: Lane): void {
    this.lane = lane;
    const { call } = this;
    if (call?.kind !== 'bytes') return;
    this.call = call.named();
    call.release();
  }

  /** What the function returned, once: from now on it is its caller's alone. */
  takeValue(): unknown {
    const { value } = this;
    this.value = undefined;
    return value;
  }

  /** Bytes that the engine holds for it until it is settled: two for each unit of a text, which is the most. */
  get bytes(): number {
    if (this.call !== undefined) return this.call.byteLength;
    let units = this.#input.length;
    for (const [key, value] of this.options) units += key.length + value.length;
    return 2 * units;
  }

  /** Bytes that it takes of a mailbox, as far as its text is ASCII. */
  get packedBytes(): number {
    return this.call === undefined ? this.#input.length : this.call.byteLength;
  }

  /** What the request is called in events and errors. */
  get requestId(): string {
    return typeof this.#id === 'number' ? `r-${this.#id}` : this.#id;
  }

  /** Watches the caller's own limits; `onExpired` is called at most once, while the job is not settled. */
  watch(
    deadlineMs: number | undefined,
    signal: AbortSignal | undefined,
    onExpired: (job: Job, error: PluginError) => void,
  ): void {
    this.#onExpired = onExpired;
    if (deadlineMs !== undefined) {
      this.#deadlineMs = deadlineMs;
      this.#deadlineAt = performance.now() + deadlineMs;
      deadlines.add(this, this.#deadlineAt);
    }
    if (signal === undefined) return;
    this.#signal = signal;
    watchSignal(signal, this);
  }

  /**
   * Whether its caller has given it up, also where it has not heard of that yet: of many that are given up at once one
   * is the first to hear, and no other may begin because of it (invariant 15).
   */
  get givenUp(): boolean {
    if (this.#signal?.aborted === true) return true;
    return this.#deadlineMs !== Number.POSITIVE_INFINITY && performance.now() >= this.#deadlineAt;
  }

  /** Has it hear that it is given up. */
  expire(): void {
    if (this.#signal?.aborted === true) this.aborted(this.#signal);
    else this.late();
  }

  /** The caller's signal was aborted. */
  aborted({ reason }: AbortSignal): void {
    // The abort of another one before it may have had it collected.
    if (this.state === 'settled') return;
    this.#onExpired?.(this, this.error('ERR_ABORTED', 'The request was aborted', { cause: reason }));
  }

  /** Its deadline has passed. */
  late(): void {
    const limit = { name: 'deadlineMs', value: this.#deadlineMs };
    const hasBegun = this.#ranMs !== undefined;
    const message = `The request was not done within its deadline of ${limit.value} ms`;
    // More threads do nothing for a plugin that has one and is slow.
    const hint = hasBegun
      ? 'The plugin was still at it: raise `deadlineMs`, or look at what it does for so long.'
      : 'It had not begun: give the engine more threads, ask for less at once, or raise `deadlineMs`.';
    this.#onExpired?.(this, this.error('ERR_DEADLINE', message, { limit, hint }));
  }

  resolve(value: PluginResponse | PluginMetadata | undefined): void {
    if (this.keep !== undefined && this.state !== 'settled') {
      const refusal = this.keep(this, value as PluginResponse);
      if (refusal !== undefined) {
        this.value = undefined;
        this.reject(refusal);
        return;
      }
    }
    if (!this.#settle()) return;
    if (value !== undefined && 'success' in value) {
      this.lane.metrics.answered++;
      if (!value.success) this.lane.metrics.refused++;
      this.onOutcome?.({ lane: this.lane, code: undefined, success: value.success, ranMs: this.#ranMs });
      this.lane.recorder?.ended(this, value, undefined);
      this.#observed()?.answered(value);
    }
    this.lane.gate?.settled(this, undefined);
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.resolve(value);
    this.#release();
  }

  reject(error: PluginError): void {
    if (!this.#settle()) return;
    if (this.kind === 'process') error.began = this.began;
    this.failure = error;
    if (this.kind === 'process') this.lane.metrics.errors.count(error.code);
    this.onOutcome?.({ lane: this.lane, code: error.code, success: false, ranMs: this.#ranMs });
    this.lane.gate?.settled(this, error);
    this.lane.recorder?.ended(this, undefined, error);
    this.#observed()?.failed(error);
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.reject(error);
    this.#release();
  }

  /** An error that says which plugin, version and request it belongs to. */
  error(...[code, message, details]: ConstructorParameters<typeof PluginError>): PluginError {
    const { version } = this.lane;
    const { plugin } = this.lane.definition;
    const requestId = this.kind === 'process' ? this.requestId : undefined;
    // The `cause` of an error that is given as the details is not enumerable.
    return new PluginError(code, message, { ...details, cause: details?.cause, plugin, version, requestId });
  }

  /** Nobody looks at its arguments any more. */
  #release(): void {
    if (this.call?.kind === 'bytes') this.call.release();
  }

  /** Milliseconds that it ran; undefined when it did not. */
  get #ranMs(): number | undefined {
    if (this.elsewhere === undefined) return this.batch?.ranMs(this);
    const { begun, ended } = this.elsewhere.times;
    return (ended === 0 ? performance.now() : ended) - begun;
  }

  /** What its worker noted stands in the mailbox until the next batch. */
  #observed(): Observation | undefined {
    const { observation, batch, elsewhere } = this;
    if (observation !== undefined && elsewhere !== undefined) observation.ran(elsewhere.threadId, elsewhere.times);
    if (observation === undefined || batch === undefined) return observation;
    const times = batch.berth.mailbox.times(this.slot);
    if (times.begun !== 0) observation.ran(batch.thread.id, times);
    return observation;
  }

  #settle(): boolean {
    if (this.state === 'settled') return false;
    this.state = 'settled';
    deadlines.remove(this);
    if (this.#signal !== undefined) unwatchSignal(this.#signal, this);
    if (this.batch !== undefined) this.lane.sent--;
    this.onSettled?.(this);
    return true;
  }
}
