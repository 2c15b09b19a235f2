import { Buffer } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PluginError } from '../../errors.ts';
import type { RandomAccess } from '../format/random-access.ts';
import { extended, NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { RemoteFile } from '../remote/remote-file.ts';
import { isRemote } from '../remote/url.ts';
import { readsZstd } from './decompress.ts';
import { unusableFile } from './errors.ts';
import type { Compression } from './format.ts';
import { BatchInput, CHUNK_BYTES } from './input.ts';
import type { InputIdentity } from './input-identity.ts';
import { HEAD_BYTES, openPipe, readHead } from './stream-head.ts';

/** How an input is opened. */
export interface InputOptions {
  /**
   * Bytes of a pipe that are read before it is open, to recognise it by: a number, or what comes first. `none` of what
   * nobody continues. @default 'none'
   */
  readonly head?: number | 'first' | 'none';
  /** Ends the waiting for them. */
  readonly interrupt?: AbortSignal | undefined;
  /** What was read of the inputs before it: it is counted on from there. @default nothing */
  readonly after?: Written;
}

/**
 * Opens a file, a pipe, what a server has or, with `-`, standard input.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export async function openInput(
  path: string,
  compression: Compression,
  options: InputOptions = {},
): Promise<BatchInput> {
  if (compression === 'zstd' && !readsZstd()) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `This version of Node cannot read all of \`${path}\``, {
      hint: 'Run the batch on Node 26, or decompress the file with `zstd -d` first.',
    });
  }
  if (path === '-') return openStream('standard input', process.stdin, compression, options);
  if (isRemote(path)) return openRemote(path, compression, options);
  try {
    const kind = await stat(path);
    if (kind.isDirectory()) throw unusableFile('read', path, 'it is a directory');
    // Opening a named pipe would wait for a writer, inside of the system, where no signal reaches it.
    if (kind.isFIFO()) return await openStream(path, await openPipe(path), compression, options);
    const handle = await open(path);
    try {
      return await openFile(path, handle, compression, options);
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof PluginError ? error : unusableFile('read', path, error);
  }
}

async function openFile(
  name: string,
  handle: FileHandle,
  compression: Compression,
  options: InputOptions,
): Promise<BatchInput> {
  const stats = await handle.stat({ bigint: true });
  if (!stats.isFile()) {
    return openStream(name, handle.createReadStream({ highWaterMark: CHUNK_BYTES }), compression, options);
  }
  const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(HEAD_BYTES), position: 0 });
  const head = extended(NOTHING_WRITTEN, buffer.subarray(0, bytesRead));
  const identity = { size: Number(stats.size), modifiedMs: Number(stats.mtimeMs), head };
  const raw = handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false, start: 0 });
  return new BatchInput({ name, raw, compression, identity, after: options.after, file: { handle, stats } });
}

/** Opens what a server has. */
async function openRemote(path: string, compression: Compression, options: InputOptions): Promise<BatchInput> {
  const file = await RemoteFile.open(path, options.interrupt);
  const { size, etag } = file;
  const known = { ...(size !== undefined && { size }), ...(etag !== undefined && { etag }) };
  return openStream(file.name, file.stream(CHUNK_BYTES), compression, options, known, file.random);
}

/** Opens what comes once: the first bytes that are read of it go back in front. */
async function openStream(
  name: string,
  stream: Readable,
  compression: Compression,
  { head: wanted = 'none', interrupt, after }: InputOptions,
  known?: Omit<InputIdentity, 'head'>,
  random?: RandomAccess,
): Promise<BatchInput> {
  if (wanted === 'none') {
    const identity = known === undefined ? undefined : { ...known, head: NOTHING_WRITTEN };
    return new BatchInput({ name, raw: stream, compression, identity, after, random });
  }
  const { head, raw } = await readHead(name, stream, wanted, interrupt);
  return new BatchInput({ name, raw, compression, identity: { ...known, head }, after, random });
}
