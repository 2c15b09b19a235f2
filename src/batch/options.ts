import { flag, invalidArgument, knownKeys, MAX_TIMER_MS, nonEmptyString, wholeNumber } from '../arguments/arguments.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { ProcessRequest } from '../request/request.ts';
import type { BatchProgress } from './statistics.ts';

/**
 * One record of a batch.
 *
 * @example
 * const requests: BatchRequest[] = [{ id: 'r-1', plugin: 'redact', input: 'mail ada@example.org' }];
 * for await (const result of engine.batch(requests)) console.log(result.id, result.ok);
 */
export interface BatchRequest extends ProcessRequest {
  /** Comes back with the result. @default none */
  readonly id?: string;
  /** Which plugin gets it. @default the batch's `plugin` */
  readonly plugin?: string;
}

/**
 * How records that the engine failed are tried again.
 *
 * @example
 * const retry: RetryOptions = { attempts: 3, backoffMs: 200 };
 * for await (const result of engine.batch([{ input: 'a' }], { plugin: 'redact', retry })) console.log(result.ok);
 */
export interface RetryOptions {
  /** Attempts in all, the first one included. @default 3 */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, at most; doubles with each further one, of which a random part is waited. @default 100 */
  readonly backoffMs?: number;
  /** The bound of that. @default 10_000 */
  readonly maxBackoffMs?: number;
}

/**
 * How a batch runs.
 *
 * @example
 * const options: BatchOptions = { plugin: 'redact', concurrency: 'adaptive', ordered: true };
 * for await (const result of engine.batch([{ input: 'a' }], options)) console.log(result.ok);
 */
export interface BatchOptions {
  /** The plugin of the records that name none. */
  readonly plugin?: string;
  /** Plugins that take the output of the one before as their input. @default none */
  readonly chain?: readonly string[];
  /**
   * Records in flight at once: a number, or as many as raise the throughput, within bounds (`'adaptive'` is 1 to 4096).
   * @default 256
   */
  readonly concurrency?: number | 'adaptive' | { readonly min?: number; readonly max: number };
  /** Results in the order of the records rather than as they are done. @default false */
  readonly ordered?: boolean;
  /** Milliseconds that each record may take with all its attempts, from when it is read. @default none */
  readonly deadlineMs?: number;
  /** Tries again what the engine failed and the plugin had not begun. @default 1 attempt, that is none */
  readonly retry?: RetryOptions;
  /** Records that had begun may run again too: the plugins do the same thing twice without harm. @default false */
  readonly idempotent?: boolean;
  /** Ends the batch: what is in flight is aborted, and the iteration throws `ERR_ABORTED`. */
  readonly signal?: AbortSignal;
  /** Hears how far the batch is: at intervals, and at its end. What it throws ends the batch. */
  readonly onProgress?: (progress: BatchProgress) => void;
  /** Milliseconds between two calls of `onProgress`. @default 1000 */
  readonly progressIntervalMs?: number;
}

/**
 * What became of one record.
 *
 * @example
 * const show = (result: BatchResult) => console.log(result.ok ? result.output : result.error.code);
 * for await (const result of engine.batch([{ input: 'a' }], { plugin: 'redact' })) show(result);
 */
export type BatchResult = { readonly index: number; readonly id: string | undefined } & (
  | ({ readonly ok: true } & PluginResponse)
  | { readonly ok: false; readonly error: PluginError; readonly attempts: number }
);

/** The options of a batch with nothing left out. */
export interface ResolvedBatchOptions {
  readonly plugin: string | undefined;
  readonly chain: readonly string[];
  readonly concurrency: { readonly min: number; readonly start: number; readonly max: number };
  readonly ordered: boolean;
  readonly deadlineMs: number | undefined;
  readonly retry: Required<RetryOptions>;
  readonly idempotent: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: BatchProgress) => void) | undefined;
  readonly progressIntervalMs: number;
}

/** The options that batches of files have as well; what `onProgress` gets is their own. */
export const BATCH_KEYS: readonly string[] = [
  'plugin',
  'chain',
  'concurrency',
  'ordered',
  'deadlineMs',
  'retry',
  'idempotent',
  'signal',
  'progressIntervalMs',
] satisfies (keyof Omit<BatchOptions, 'onProgress'>)[];

const RETRY_KEYS = ['attempts', 'backoffMs', 'maxBackoffMs'] as const satisfies readonly (keyof RetryOptions)[];
const MAX_CONCURRENCY = 1_000_000;
/** Where the search for a concurrency begins. */
const START = 32;

/** Checks the options and fills in what they leave out. */
export function resolveBatchOptions(options: BatchOptions): ResolvedBatchOptions {
  knownKeys('options', options, [...BATCH_KEYS, 'onProgress']);
  const { plugin, chain = [], deadlineMs, signal, onProgress } = options;
  if (plugin !== undefined) nonEmptyString('plugin', plugin);
  if (!Array.isArray(chain)) throw invalidArgument('chain', 'an array of names of plugins', chain);
  for (const name of chain) nonEmptyString('chain', name);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument('signal', 'an AbortSignal', signal);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw invalidArgument('onProgress', 'a function', onProgress);
  wholeNumber('deadlineMs', deadlineMs, { min: 1, max: MAX_TIMER_MS, default: 1 });
  return Object.freeze({
    plugin,
    chain,
    concurrency: resolveConcurrency(options.concurrency),
    ordered: flag('ordered', options.ordered, false),
    deadlineMs,
    retry: resolveRetry(options.retry),
    idempotent: flag('idempotent', options.idempotent, false),
    signal,
    onProgress,
    progressIntervalMs: wholeNumber('progressIntervalMs', options.progressIntervalMs, {
      min: 1,
      max: MAX_TIMER_MS,
      default: 1000,
    }),
  });
}

function resolveConcurrency(value: BatchOptions['concurrency']): ResolvedBatchOptions['concurrency'] {
  if (value === 'adaptive') return { min: 1, start: START, max: 4096 };
  if (typeof value === 'object' && value !== null) {
    knownKeys('concurrency', value, ['min', 'max']);
    const max = wholeNumber('concurrency.max', value.max, { min: 1, max: MAX_CONCURRENCY, default: 0 });
    if (max === 0) throw invalidArgument('concurrency.max', `a whole number from 1 to ${MAX_CONCURRENCY}`, value.max);
    const min = wholeNumber('concurrency.min', value.min, { min: 1, max, default: 1 });
    return { min, start: Math.min(Math.max(START, min), max), max };
  }
  if (value !== undefined && typeof value !== 'number') {
    throw invalidArgument('concurrency', "a number, 'adaptive' or `{min, max}`", value);
  }
  const fixed = wholeNumber('concurrency', value, { min: 1, max: MAX_CONCURRENCY, default: 256 });
  return { min: fixed, start: fixed, max: fixed };
}

function resolveRetry(retry: RetryOptions | undefined): Required<RetryOptions> {
  if (retry !== undefined) knownKeys('retry', retry, RETRY_KEYS);
  const attempts = wholeNumber('retry.attempts', retry?.attempts, {
    min: 1,
    max: 1000,
    default: retry === undefined ? 1 : 3,
  });
  const backoffMs = wholeNumber('retry.backoffMs', retry?.backoffMs, { min: 0, max: MAX_TIMER_MS, default: 100 });
  const maxBackoffMs = wholeNumber('retry.maxBackoffMs', retry?.maxBackoffMs, {
    min: 0,
    max: MAX_TIMER_MS,
    default: 10_000,
  });
  return { attempts, backoffMs, maxBackoffMs };
}
