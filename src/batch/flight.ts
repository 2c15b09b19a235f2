import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { Abortable } from '../request/abort.ts';
import type { ProcessRequest } from '../request/request.ts';
import type { JobListener } from '../scheduler/job.ts';
import type { Linked } from '../scheduler/linked-list.ts';
import type { BatchResult } from './options.ts';
import type { Failures } from './verdict.ts';

/** What runs. */
export interface Runnable extends ProcessRequest {
  readonly id?: string | undefined;
  readonly plugin?: string | undefined;
  /** Its place among all records, where it knows that. */
  readonly index?: number | undefined;
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
  /** Of all attempts, at all steps; undefined where none has failed. */
  failures: Failures | undefined;

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
export interface FlightControl<Item extends Runnable> {
  answered(flight: Flight<Item>, response: PluginResponse): void;
  rejected(flight: Flight<Item>, error: PluginError): void;
}
