import type { ErrorCode, PluginError } from '../errors.ts';

/**
 * What is known of why a record is without success: whether the record is to be mended, or run again.
 *
 * - `malformed`: it is no record.
 * - `refused`: the plugin answered `success: false`.
 * - `poison`: it began at least twice, and failed each time.
 * - `failed`: it began once, failed, and was not to run again; or it cannot run as it is.
 * - `unlucky`: what failed was not its own: it never began, or lost its worker once.
 */
export type Verdict = 'malformed' | 'refused' | 'poison' | 'failed' | 'unlucky';

/** How often a record has begun and failed, by the code. */
export type Failures = Readonly<Record<string, number>>;

/** What says nothing of the record: it waited for others, or for the engine. */
const OF_OTHERS: ReadonlySet<ErrorCode> = new Set([
  'ERR_QUEUE_FULL',
  'ERR_OUTSTANDING_BYTES',
  'ERR_PLUGIN_QUARANTINED',
  'ERR_ABORTED',
  'ERR_ENGINE_CLOSED',
]);
/** What is known of a record before it begins. */
const BEFORE: ReadonlySet<ErrorCode> = new Set(['ERR_INVALID_ARGUMENT', 'ERR_PLUGIN_NOT_FOUND']);

type Failed = Pick<PluginError, 'code' | 'began'>;

/** Failures of earlier attempts, and one more. */
export function withFailure(failures: Failures | undefined, { code, began }: Failed): Failures {
  if (began === false || OF_OTHERS.has(code) || BEFORE.has(code)) return failures ?? {};
  return { ...failures, [code]: (failures?.[code] ?? 0) + 1 };
}

/** What is known of a record whose last attempt ended with an error, and that has failed so often. */
export function verdictOf({ code, began }: Failed, failures: Failures): Verdict {
  if (OF_OTHERS.has(code)) return 'unlucky';
  const crashed = code === 'ERR_WORKER_CRASHED';
  if (began === false) return crashed || code === 'ERR_DEADLINE' ? 'unlucky' : 'failed';
  // A worker may go down with a neighbour; twice, it is the record that they have in common.
  if (Object.values(failures).reduce((sum, count) => sum + count, 0) > 1) return 'poison';
  return crashed ? 'unlucky' : 'failed';
}
