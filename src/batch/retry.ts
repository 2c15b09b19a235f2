import type { ErrorCode, PluginError } from '../errors.ts';
import type { ResolvedBatchOptions } from './options.ts';

/** Failures of the engine that may pass. The others are the record's, the caller's or for good. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'ERR_QUEUE_FULL',
  'ERR_OUTSTANDING_BYTES',
  'ERR_PLUGIN_QUARANTINED',
  'ERR_WORKER_CRASHED',
]);

/** What ends a call that has begun, and may come from the state of the instance or the load of the machine. */
const IN_A_CALL: ReadonlySet<ErrorCode> = new Set([
  ...PASSING,
  'ERR_TRAP',
  'ERR_STACK_OVERFLOW',
  'ERR_MEMORY_LIMIT',
  'ERR_CPU_TIME_LIMIT',
  'ERR_WALL_TIME_LIMIT',
  'ERR_HOST_CALL_LIMIT',
  'ERR_INSTRUCTION_LIMIT',
  'ERR_INITIALIZE_FAILED',
  'ERR_INVALID_RESPONSE',
]);

/**
 * Whether a failed attempt may be followed by another: a record that has begun never runs again, unless its plugin is
 * declared to be idempotent (invariant 2).
 */
export function mayRetry(
  error: PluginError,
  attempts: number,
  { retry, idempotent }: Pick<ResolvedBatchOptions, 'retry' | 'idempotent'>,
): boolean {
  if (error.began !== false && !idempotent) return false;
  // Once more, by itself: a worker may have gone down with a neighbour.
  if (error.began !== false && attempts === 1 && error.code === 'ERR_WORKER_CRASHED') return true;
  if (attempts >= retry.attempts) return false;
  if (error.began !== false) return IN_A_CALL.has(error.code);
  return PASSING.has(error.code);
}

/**
 * Milliseconds until the next attempt: exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter",
 * AWS Architecture Blog, 2015), so that what failed together does not come back together.
 */
export function backoffMs(attempts: number, { backoffMs: base, maxBackoffMs }: ResolvedBatchOptions['retry']): number {
  return Math.random() * Math.min(base * 2 ** (attempts - 1), maxBackoffMs);
}
