import { clearInterval, setInterval } from 'node:timers';
import { type BatchOptions, type BatchRequest, type BatchResult, resolveBatchOptions } from './options.ts';
import { BatchRun } from './run.ts';
import { type BatchSource, openRecords } from './source.ts';
import type { BatchProgress } from './statistics.ts';
import type { Submit, SubmitMany } from './submit.ts';

/**
 * The results of a batch, as they come; it can be gone through once.
 *
 * @example
 * const batch: Batch = engine.batch([{ input: 'a' }, { input: 'b' }], { plugin: 'redact' });
 * for await (const result of batch) console.log(result.index, batch.progress().done);
 */
export interface Batch extends AsyncGenerator<BatchResult, void, undefined> {
  /** How far it is. */
  progress(): BatchProgress;
}

/**
 * Runs records from a source. Nothing is read before the first result is asked for.
 *
 * Not an async generator function: that one answers `return()` only after a pending `next()`, and a stream that is
 * destroyed while it waits for a result has to end what is running now.
 */
export function runBatch(
  source: BatchSource<BatchRequest>,
  options: BatchOptions,
  submit: Submit,
  submitMany?: SubmitMany,
): Batch {
  let run: BatchRun<BatchRequest> | undefined;
  let ticker: NodeJS.Timeout | undefined;
  let state: 'new' | 'running' | 'ended' = 'new';
  /** Calls of `next()` are answered one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let failure: { readonly error: unknown } | undefined;

  const begin = (): void => {
    const resolved = resolveBatchOptions(options);
    run = new BatchRun(openRecords(source), resolved, submit, submitMany);
    state = 'running';
    const { onProgress, progressIntervalMs } = resolved;
    if (onProgress === undefined) return;
    const tell = (): void => {
      try {
        onProgress(run!.progress());
      } catch (error) {
        failure = { error };
        void run!.stop();
      }
    };
    ticker = setInterval(tell, progressIntervalMs).unref();
  };
  const end = async (): Promise<void> => {
    if (state === 'ended') return;
    const began = state === 'running';
    state = 'ended';
    clearInterval(ticker);
    if (!began) return;
    await run!.stop();
    if (failure === undefined) options.onProgress?.(run!.progress());
  };
  const advance = async (): Promise<IteratorResult<BatchResult, undefined>> => {
    try {
      if (state === 'new') begin();
      while (state === 'running') {
        const flight = run!.take();
        if (flight !== undefined) return { done: false, value: flight.result };
        if ((await run!.wait()) === 'ended') break;
      }
    } catch (error) {
      await end();
      throw error;
    }
    await end();
    if (failure !== undefined) throw failure.error;
    return { done: true, value: undefined };
  };

  const answered = (): void => {
    waiting--;
  };

  return {
    next: () => {
      const next = waiting === 0 ? advance() : last.then(advance);
      waiting++;
      last = next.then(answered, answered);
      return next;
    },
    return: async () => {
      await end();
      return { done: true, value: undefined };
    },
    throw: async (error: unknown) => {
      await end();
      throw error;
    },
    progress: () => {
      if (state === 'new') begin();
      return run!.progress();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: end,
  };
}
