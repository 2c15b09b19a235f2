/**
 * What a caller may say about one request.
 *
 * @example
 * const options: ProcessOptions = { deadlineMs: 500, priority: 1, requestId: 'r-42' };
 * await engine.process('redact', { input: 'mail ada@example.org' }, options);
 */
export interface ProcessOptions {
  /** Aborts the request: queued, it never begins; running, its worker is terminated if it does not end by itself. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds from the call to `process()` until the request fails with `ERR_DEADLINE`; with 0 or less it fails at once.
   * @default none
   */
  readonly deadlineMs?: number;
  /** Requests of a higher priority run before others of the same plugin. @default 0 */
  readonly priority?: number;
  /** Names the request in events and errors, and routes it to the stable or the canary version. @default `r-1`, `r-2`, … */
  readonly requestId?: string;
  /** The version that is to serve it, whatever its id. @default the one that its id is routed to */
  readonly version?: string;
  /**
   * What to do when there is no room: reject with `ERR_QUEUE_FULL` or `ERR_OUTSTANDING_BYTES`, or wait for it.
   * @default the engine's `whenFull`
   */
  readonly whenFull?: 'reject' | 'wait';
}
