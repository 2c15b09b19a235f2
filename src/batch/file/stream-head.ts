import { Buffer } from 'node:buffer';
import { constants, open as openDescriptor } from 'node:fs';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { PluginError } from '../../errors.ts';
import { extended, NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { brokenFile } from './errors.ts';

/** How much of an input is looked at to recognise it. */
export const HEAD_BYTES: number = 64 * 1024;

/**
 * Reads the first bytes of what comes once, and puts them back in front.
 *
 * @param wanted How many of them, or what comes first.
 * @throws {PluginError} `ERR_BATCH_FILE`, `ERR_ABORTED` when it is interrupted.
 */
export async function readHead(
  name: string,
  stream: Readable,
  wanted: number | 'first',
  interrupt: AbortSignal | undefined,
): Promise<{ readonly head: Written; readonly raw: Readable }> {
  const stop = (): void => void stream.destroy();
  interrupt?.addEventListener('abort', stop, { once: true });
  if (interrupt?.aborted) stop();
  const rest: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  const pieces: Buffer[] = [];
  try {
    const enough = wanted === 'first' ? 1 : wanted;
    for (let length = 0; length < enough; ) {
      const next = await rest.next();
      if (next.done) break;
      pieces.push(next.value);
      length += next.value.length;
    }
  } catch (error) {
    if (!interrupt?.aborted) throw brokenFile('reading', name, error);
  } finally {
    interrupt?.removeEventListener('abort', stop);
  }
  if (interrupt?.aborted) throw new PluginError('ERR_ABORTED', `Interrupted before ${name} had said anything`);
  const most = wanted === 'first' ? HEAD_BYTES : wanted;
  const head = extended(NOTHING_WRITTEN, Buffer.concat(pieces).subarray(0, most));
  const raw = Readable.from(rejoined(pieces, rest), { objectMode: false, highWaterMark: HEAD_BYTES });
  // What waits in the middle of `next` hears only of the stream.
  raw.once('close', stop);
  return { head, raw };
}

async function* rejoined(pieces: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** Opens a named pipe. A socket reads it in the event loop, waits there for a writer, and closes the descriptor. */
export async function openPipe(path: string): Promise<Readable> {
  const fd = await promisify(openDescriptor)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}
