import { performance } from 'node:perf_hooks';
import { ExponentialBackoff, halfJitterGenerator, type IBackoff } from 'cockatiel';
import type { ResolvedFailurePolicy } from './failure-policy.ts';

/**
 * `closed` lets requests through, `open` none, `half-open` waits for what becomes of the one that it let through.
 *
 * @example
 * const isRefusing = (state: CircuitState) => state === 'open';
 * engine.on('circuit:open', ({ plugin, state }) => console.error(plugin, isRefusing(state)));
 */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Whether a request may pass; the result of a `probe` decides for all that come after it. */
export type Passage = 'yes' | 'probe' | 'no';

/**
 * A circuit breaker (Nygard, Release It!) on failures in a row. cockatiel brings the backoff; `docs/rationale.md` says
 * why not the breaker.
 */
export class Circuit {
  readonly #policy: ResolvedFailurePolicy;
  readonly #onChange: (state: CircuitState) => void;
  #state: CircuitState = 'closed';
  #failures = 0;
  #backoff: IBackoff<unknown> | undefined;
  /** When the next probe may go, on the clock of `performance.now()`. */
  #retryAt = 0;

  constructor(policy: ResolvedFailurePolicy, onChange: (state: CircuitState) => void) {
    this.#policy = policy;
    this.#onChange = onChange;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** How many failures there were since the last answer. */
  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds until a request may try again; 0 when one may now. */
  get retryAfterMs(): number {
    return this.#state === 'open' ? Math.max(Math.ceil(this.#retryAt - performance.now()), 0) : 0;
  }

  /** Asks for a request. After `probe`, one of {@link succeeded}, {@link failed} and {@link gaveUp} has to follow. */
  pass(): Passage {
    if (this.#state === 'closed') return 'yes';
    if (this.#state === 'half-open' || this.retryAfterMs > 0) return 'no';
    this.#enter('half-open');
    return 'probe';
  }

  succeeded(passage: 'yes' | 'probe'): void {
    // What began before the circuit opened says nothing about now.
    if (passage === 'yes' && this.#state !== 'closed') return;
    this.#failures = 0;
    if (this.#state === 'closed') return;
    this.#backoff = undefined;
    this.#enter('closed');
  }

  failed(passage: 'yes' | 'probe'): void {
    if (passage === 'yes' && this.#state !== 'closed') return;
    this.#failures++;
    if (passage === 'yes' && this.#failures < this.#policy.maxFailures) return;
    const { backoffMs, maxBackoffMs } = this.#policy;
    this.#backoff ??= new ExponentialBackoff({
      generator: halfJitterGenerator,
      initialDelay: backoffMs,
      maxDelay: maxBackoffMs,
    }).next();
    this.#retryAt = performance.now() + this.#backoff.duration;
    this.#backoff = this.#backoff.next(undefined);
    this.#enter('open');
  }

  /** The probe ended without saying anything about the plugin: the next request is one. */
  gaveUp(): void {
    this.#enter('open');
  }

  #enter(state: CircuitState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
