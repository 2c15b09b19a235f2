import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { invalidArgument } from '../arguments/arguments.ts';
import { nextTick } from '../clock/of-node.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { LinkedList } from '../scheduler/linked-list.ts';
import type { Flight, FlightControl, Runnable } from './flight.ts';
import type { ResolvedBatchOptions } from './options.ts';
import { backoffMs, mayRetry } from './retry.ts';
import { CallStatistics } from './statistics.ts';
import type { Submit, SubmitMany } from './submit.ts';
import { withFailure } from './verdict.ts';

/** Fewer records than this are not worth a block. */
const WORTH_A_BLOCK = 4;

/** What every call gets. */
const WAIT: ProcessOptions = Object.freeze({ whenFull: 'wait' });

/**
 * Takes records through the engine: along the steps of the chain, and once more after an error that may pass. Those that
 * begin in one turn of the event loop go to the engine together.
 */
export class Attempts<Item extends Runnable> implements FlightControl<Item> {
  readonly #options: ResolvedBatchOptions;
  readonly #submit: Submit;
  readonly #submitMany: SubmitMany | undefined;
  readonly #settled: (flight: Flight<Item>) => void;
  /** What begins at the end of this turn. Records in one list are for one plugin, and to be done by the same time. */
  readonly #beginning = new Map<string, Flight<Item>[]>();
  /** What is with the engine. Aborted one by one: to give each a signal costs more than this list. */
  readonly #submitted = new LinkedList<Flight<Item>>();
  readonly #controller = new AbortController();
  readonly #backoffs = new Set<NodeJS.Timeout>();
  readonly calls: CallStatistics;
  #state: 'running' | 'stopped' = 'running';
  #retried = 0;

  /**
   * @param settled Told of each record once: it has its answer, or its error.
   * @param submitMany Without it each record goes to the engine by itself.
   * @param calls Where calls are counted.
   */
  constructor(
    options: ResolvedBatchOptions,
    submit: Submit,
    settled: (flight: Flight<Item>) => void,
    submitMany?: SubmitMany,
    calls: CallStatistics = new CallStatistics(),
  ) {
    this.calls = calls;
    this.#options = options;
    this.#submit = submit;
    this.#submitMany = submitMany;
    this.#settled = settled;
  }

  get retried(): number {
    return this.#retried;
  }

  /** What is with the engine for longest. */
  get oldest(): Flight<Item> | undefined {
    return this.#submitted.first;
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Aborts what is with the engine. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
    // Many of them share one.
    for (const job of new Set([...this.#submitted].map((flight) => flight.job))) job?.aborted(this.#controller.signal);
  }

  /** Nothing is tried again any more. @returns how many records waited for that, and will never be settled. */
  stop(): number {
    this.#state = 'stopped';
    const waiting = this.#backoffs.size;
    for (const timer of this.#backoffs) clearTimeout(timer);
    this.#backoffs.clear();
    return waiting;
  }

  /** Begins the step of its chain that a record is at. */
  begin(flight: Flight<Item>): void {
    const { stage, record } = flight;
    flight.attempts++;
    flight.startedAt = this.calls.begin();
    const plugin = stage === 0 ? (record?.plugin ?? this.#options.plugin) : this.#options.chain[stage - 1];
    if (typeof plugin === 'string' && plugin !== '') {
      flight.plugin = plugin;
      flight.job = undefined;
      this.#submitted.push(flight);
      // Another attempt is made alone, so that it tells what the record does by itself.
      if (this.#submitMany === undefined || flight.attempts > 1)
        flight.job = this.#submit(plugin, flight.request, this.#callOf(flight), flight);
      else this.#beginLater(flight);
    } else flight.reject(invalidArgument('plugin', 'a string that is not empty', plugin));
  }

  #beginLater(flight: Flight<Item>): void {
    const { plugin, expiresAt } = flight;
    if (this.#beginning.size === 0) nextTick(this.#beginAll);
    const key = expiresAt === undefined ? plugin : `${Math.ceil(expiresAt)} ${plugin}`;
    const flights = this.#beginning.get(key);
    if (flights === undefined) this.#beginning.set(key, [flight]);
    else flights.push(flight);
  }

  readonly #beginAll = (): void => {
    const lists = [...this.#beginning.values()];
    this.#beginning.clear();
    for (const flights of lists) {
      if (flights.length < WORTH_A_BLOCK) for (const flight of flights) this.#beginOne(flight);
      else this.#beginMany(flights);
    }
    // What was aborted meanwhile is taken back before any of it is sent.
    if (this.aborted) this.abort(undefined);
  };

  #beginOne(flight: Flight<Item>): void {
    const job = this.#submit(flight.plugin, flight.request, this.#callOf(flight), flight);
    flight.job = job;
  }

  #beginMany(flights: readonly Flight<Item>[]): void {
    const first = flights[0]!;
    const requests = flights.map(({ request }) => request);
    const job = this.#submitMany!(first.plugin, requests, this.#callOf(first), flights);
    // A record that is settled by now is not asked for it any more.
    for (const flight of flights) flight.job = job;
  }

  /** A record's deadline counts from when it was read, over all attempts and steps. */
  #callOf({ expiresAt }: Flight<Item>): ProcessOptions {
    if (expiresAt === undefined) return WAIT;
    return { ...WAIT, deadlineMs: Math.max(1, Math.ceil(expiresAt - performance.now())) };
  }

  answered(flight: Flight<Item>, response: PluginResponse): void {
    this.#submitted.remove(flight);
    const { stage, startedAt, plugin } = flight;
    this.calls.end(plugin, stage, startedAt, response.success ? 'success' : 'unsuccessful');
    if (response.success && stage < this.#options.chain.length && this.#state === 'running') {
      const { options } = flight.record;
      flight.stage++;
      flight.attempts = 0;
      flight.request = options === undefined ? { input: response.output } : { input: response.output, options };
      this.begin(flight);
      return;
    }
    flight.response = response;
    this.#settled(flight);
  }

  rejected(flight: Flight<Item>, error: PluginError): void {
    const { attempts, stage, startedAt, plugin } = flight;
    if (plugin !== '') {
      this.#submitted.remove(flight);
      this.calls.end(plugin, stage, startedAt, 'unsuccessful');
    }
    flight.failures = withFailure(flight.failures, error);
    if (this.#state === 'running' && mayRetry(error, attempts, this.#options)) {
      const delay = backoffMs(attempts, this.#options.retry);
      if (flight.expiresAt === undefined || performance.now() + delay < flight.expiresAt) {
        this.#retried++;
        const timer = setTimeout(() => {
          this.#backoffs.delete(timer);
          this.begin(flight);
        }, delay);
        this.#backoffs.add(timer);
        return;
      }
    }
    flight.error = error;
    this.#settled(flight);
  }
}
