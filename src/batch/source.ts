import { invalidArgument } from '../arguments/arguments.ts';

/** Where records come from. */
export interface RecordSource<Item> {
  /** The next one, at once if it is there. */
  next(): IteratorResult<Item> | Promise<IteratorResult<Item>>;
  /** Ends it early, also while it is being read; what it holds is let go. */
  stop(): Promise<void>;
}

/**
 * What a batch reads from.
 *
 * @example
 * async function* rows(): AsyncGenerator<BatchRequest> {
 *   yield { input: 'mail ada@example.org' };
 * }
 * const source: BatchSource<BatchRequest> = rows();
 * for await (const result of engine.batch(source, { plugin: 'redact' })) console.log(result.ok);
 */
export type BatchSource<Item> = Iterable<Item> | AsyncIterable<Item> | ReadableStream<Item>;

/**
 * Opens a source of any kind. An iterator that is being read answers `return()` only after its next item, which may
 * never come; so streams, of Node and of the web, are ended by their own means.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function openRecords<Item>(source: BatchSource<Item>): RecordSource<Item> {
  if (source !== null && typeof source === 'object') {
    if (isNodeStream<Item>(source)) return fromIterator(source[Symbol.asyncIterator](), () => void source.destroy());
    if ('getReader' in source) return fromReader(source.getReader());
    if (Symbol.asyncIterator in source) return fromIterator(source[Symbol.asyncIterator]());
    if (Symbol.iterator in source) return fromIterator(source[Symbol.iterator]());
  }
  throw invalidArgument('source', 'an iterable, an async iterable or a stream of requests', source);
}

function isNodeStream<Item>(source: object): source is AsyncIterable<Item> & { destroy(): unknown } {
  return 'destroy' in source && typeof source.destroy === 'function' && Symbol.asyncIterator in source;
}

function fromIterator<Item>(
  iterator: Iterator<Item> | AsyncIterator<Item>,
  destroy: () => void = () => {},
): RecordSource<Item> {
  let state: 'idle' | 'reading' = 'idle';
  return {
    next: () => {
      const next = iterator.next();
      if (!(next instanceof Promise)) return next;
      state = 'reading';
      return next.finally(() => {
        state = 'idle';
      });
    },
    stop: async () => {
      const reading = state === 'reading';
      destroy();
      const ended = iterator.return?.();
      // It ends when it has answered, which may be never: the caller does not wait for that.
      if (reading) Promise.resolve(ended).catch(() => {});
      else await ended;
    },
  };
}

function fromReader<Item>(reader: ReadableStreamDefaultReader<Item>): RecordSource<Item> {
  return {
    next: () => reader.read() as Promise<IteratorResult<Item>>,
    stop: async () => {
      await reader.cancel();
      reader.releaseLock();
    },
  };
}
