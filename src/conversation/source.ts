import type { Readable } from 'node:stream';

/** What gives the bytes that a guest reads. */
export interface ByteSource {
  /** The next bytes; undefined at the end. */
  next(): Promise<Uint8Array | undefined>;
  /** Nobody reads on. Also while `next` is under way, which may then never settle. */
  cancel(): void;
}

/**
 * Anything that has bytes as a source.
 *
 * @returns undefined for what has none.
 * @throws {TypeError} for a stream that somebody else reads already.
 */
export function byteSource(value: unknown): ByteSource | undefined {
  if (typeof value === 'string' || value instanceof Uint8Array) return sourceOf([value][Symbol.iterator]());
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof ReadableStream) return streamSource(value);
  if (Symbol.asyncIterator in value) {
    const iterator = (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    // An iterator that waits does not hear of its `return`; a stream of Node's hears of its end.
    const { destroy } = value as Partial<Readable>;
    return sourceOf(iterator, typeof destroy === 'function' ? () => destroy.call(value) : undefined);
  }
  return Symbol.iterator in value ? sourceOf((value as Iterable<unknown>)[Symbol.iterator]()) : undefined;
}

function streamSource(stream: ReadableStream<unknown>): ByteSource {
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? undefined : bytesOf(value);
    },
    cancel() {
      void reader.cancel().catch(() => {});
    },
  };
}

function sourceOf(iterator: AsyncIterator<unknown> | Iterator<unknown>, end?: () => unknown): ByteSource {
  return {
    async next() {
      const { done, value } = await iterator.next();
      return done ? undefined : bytesOf(value);
    },
    cancel() {
      if (end !== undefined) end();
      // Whatever it has to say about that, nobody asks any more.
      else void Promise.resolve(iterator.return?.()).catch(() => {});
    },
  };
}

const encoder = new TextEncoder();

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return encoder.encode(chunk);
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('A chunk of what is to be read is neither a string nor a Uint8Array');
}
