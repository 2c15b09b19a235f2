import { invalidArgument, knownKeys, nonEmptyString, wholeNumber } from '../arguments.ts';
import { PluginError } from '../errors.ts';
import type { PluginResponse } from '../protocol.ts';
import type { ProcessRequest } from '../request.ts';
import type { ProcessOptions } from '../scheduler/job.ts';

/** One record of a batch. */
export interface BatchRequest extends ProcessRequest {
  /** Comes back with the result. @default none */
  readonly id?: string;
  /** Which plugin gets it. @default the batch's `plugin` */
  readonly plugin?: string;
}

/** How a batch runs. */
export interface BatchOptions {
  /** The plugin of the records that name none. */
  readonly plugin?: string;
  /** Records in flight at once. @default 256 */
  readonly concurrency?: number;
  /** Results in the order of the records rather than as they are done. @default false */
  readonly ordered?: boolean;
  /** Milliseconds that each record may take, from when it is read. @default none */
  readonly deadlineMs?: number;
  /** Ends the batch: what is in flight is aborted, and the iteration throws `ERR_ABORTED`. */
  readonly signal?: AbortSignal;
}

/** What became of one record. */
export type BatchResult = { readonly index: number; readonly id: string | undefined } & (
  | ({ readonly ok: true } & PluginResponse)
  | { readonly ok: false; readonly error: PluginError }
);

const KEYS = [
  'plugin',
  'concurrency',
  'ordered',
  'deadlineMs',
  'signal',
] as const satisfies readonly (keyof BatchOptions)[];

type Process = (plugin: string, request: ProcessRequest, options: ProcessOptions) => Promise<PluginResponse>;

/**
 * Pulls records from the source while fewer than `concurrency` are in flight or wait to be taken, so that a slow
 * consumer slows the source down and memory stays bounded.
 */
export async function* runBatch(
  source: Iterable<BatchRequest> | AsyncIterable<BatchRequest>,
  options: BatchOptions,
  process: Process,
): AsyncGenerator<BatchResult, void, undefined> {
  knownKeys('options', options, KEYS);
  const concurrency = wholeNumber('concurrency', options.concurrency, { min: 1, max: 1_000_000, default: 256 });
  const records = iterate(source);
  const controller = new AbortController();
  const signal =
    options.signal === undefined ? controller.signal : AbortSignal.any([controller.signal, options.signal]);
  const call: ProcessOptions = { signal, ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }) };
  const done = new Map<number, BatchResult>();
  let read = 0;
  let taken = 0;
  let reader: 'open' | 'reading' | 'ended' = 'open' as 'open' | 'reading' | 'ended';
  let failure: { readonly error: unknown } | undefined;
  let notify = (): void => {};

  const settle = (result: BatchResult): void => {
    done.set(result.index, result);
    notify();
  };
  const start = (record: BatchRequest): void => {
    const index = read++;
    const id = record?.id;
    const plugin = record?.plugin ?? options.plugin;
    Promise.resolve()
      .then(() => process(nonEmptyString('plugin', plugin), record, call))
      .then(
        (response) => settle({ index, id, ok: true, ...response }),
        (error: PluginError) => settle({ index, id, ok: false, error }),
      );
  };
  const accept = (next: IteratorResult<BatchRequest>): void => {
    if (next.done) reader = 'ended';
    else start(next.value);
  };
  const fail = (error: unknown): void => {
    reader = 'ended';
    failure = { error };
    notify();
  };
  const pull = (): void => {
    while (reader === 'open' && read - taken < concurrency && !signal.aborted) {
      const next = records.next();
      if (!(next instanceof Promise)) {
        accept(next);
        continue;
      }
      reader = 'reading';
      next
        .then((result) => {
          reader = 'open';
          accept(result);
          pull();
          notify();
        })
        .catch(fail);
    }
  };

  const onAbort = (): void => notify();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      pull();
      if (options.signal?.aborted) {
        throw new PluginError('ERR_ABORTED', 'The batch was aborted', { cause: options.signal.reason });
      }
      const result = options.ordered ? done.get(taken) : done.values().next().value;
      if (result !== undefined) {
        done.delete(result.index);
        taken++;
        yield result;
      } else if (failure !== undefined) {
        throw failure.error;
      } else if (reader === 'ended' && taken === read) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
    }
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    controller.abort();
    const ended = records.return?.();
    // A source that is being read ends when it has answered, which may be never: the caller does not wait for that.
    if (reader === 'reading') Promise.resolve(ended).catch(() => {});
    else await ended;
  }
}

function iterate(
  source: Iterable<BatchRequest> | AsyncIterable<BatchRequest>,
): Iterator<BatchRequest> | AsyncIterator<BatchRequest> {
  if (source !== null && typeof source === 'object') {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw invalidArgument('source', 'an iterable or an async iterable of requests', source);
}
