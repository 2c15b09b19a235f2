import type { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Failure, fileFailure } from '../failure.ts';

const CHUNK_BYTES = 256 * 1024;

/** The input of a batch as it is read. */
export interface ByteSource {
  /** How much there is to read; undefined for what is no regular file. */
  readonly size: number | undefined;
  /** Bytes read so far. */
  readonly position: number;
  readonly chunks: AsyncIterable<Buffer>;
  close(): void;
}

/**
 * Opens a file, a pipe or, with `-`, standard input.
 *
 * @param signal Ends the reading where it is, as if the input ended there.
 * @throws {Failure} with status 2.
 */
export async function openSource(path: string, signal: AbortSignal): Promise<ByteSource> {
  if (path === '-') return read('standard input', process.stdin, undefined, signal);
  const file = await open(path).catch((error: unknown) => {
    throw fileFailure('read', path, error);
  });
  const stats = await file.stat();
  if (stats.isDirectory()) {
    await file.close();
    throw new Failure(2, `Cannot read \`${path}\`: it is a directory.`);
  }
  const size = stats.isFile() ? stats.size : undefined;
  return read(path, file.createReadStream({ highWaterMark: CHUNK_BYTES }), size, signal);
}

function read(name: string, stream: Readable, size: number | undefined, signal: AbortSignal): ByteSource {
  let position = 0;
  async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
    const stop = (): void => void stream.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) return;
      for await (const chunk of stream) {
        position += chunk.length;
        yield chunk;
      }
    } catch (error) {
      // Destroyed because of the signal: what has been read is all there is.
      if (!signal.aborted) throw fileFailure('go on reading', name, error, 1);
    } finally {
      signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }
  return {
    size,
    get position() {
      return position;
    },
    chunks: chunks(),
    close: () => void stream.destroy(),
  };
}
