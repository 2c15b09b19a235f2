import { invalidArgument, knownKeys, wholeNumber } from '../arguments/arguments.ts';

/** Beyond this, waiting for more requests would be felt as a plugin that hangs. */
const LONGEST_WAIT_MS = 1000;
/** The most records of one call, and so the most that may be waited for. */
export const MOST_RECORDS = 1024;

/**
 * How a plugin of the world `plugin-batch` is called. The engine chooses how many records a call has, by how long they have
 * taken and how large they are; these are its bounds.
 *
 * @example
 * const batchCalls: BatchCallOptions = { minSize: 32, maxWaitMs: 5, idempotent: true };
 * await engine.loadPlugin('embed', 'embed.wasm', { batchCalls });
 */
export interface BatchCallOptions {
  /** Records that a call is to have at least, unless `maxWaitMs` pass first; at most 1024. @default 1 */
  readonly minSize?: number;
  /** Milliseconds that a record waits for others at the most, up to 1000. @default 0 */
  readonly maxWaitMs?: number;
  /**
   * Whether records may run again when the call that they were in ends in a trap or over a limit. Its halves are then called
   * by themselves, until the record is found that does it; else all records of the call fail. @default false
   */
  readonly idempotent?: boolean;
}

const KEYS = ['minSize', 'maxWaitMs', 'idempotent'] as const satisfies readonly (keyof BatchCallOptions)[];

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function resolveBatchCalls(options: BatchCallOptions = {}): Required<BatchCallOptions> {
  knownKeys('batchCalls', options, KEYS);
  const { idempotent = false } = options;
  if (typeof idempotent !== 'boolean') throw invalidArgument('batchCalls.idempotent', 'a boolean', idempotent);
  return {
    minSize: wholeNumber('batchCalls.minSize', options.minSize, { min: 1, max: MOST_RECORDS, default: 1 }),
    maxWaitMs: wholeNumber('batchCalls.maxWaitMs', options.maxWaitMs, { min: 0, max: LONGEST_WAIT_MS, default: 0 }),
    idempotent,
  };
}
