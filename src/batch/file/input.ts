import { Buffer } from 'node:buffer';
import { type BigIntStats, constants, open as openDescriptor } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { PluginError } from '../../errors.ts';
import type { RandomAccess } from '../format/random-access.ts';
import { extended, NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { RemoteFile } from '../remote/remote-file.ts';
import { isRemote } from '../remote/url.ts';
import { decompress, readsZstd } from './decompress.ts';
import { brokenFile, unusableFile } from './errors.ts';
import type { Compression } from './format.ts';
import type { InputIdentity } from './input-identity.ts';

/** Larger texts would be large objects to V8, which stay until a full collection. */
const CHUNK_BYTES = 64 * 1024;
/** How much of a file is looked at to recognise it. */
const HEAD_BYTES = 64 * 1024;

/** How an input is opened. */
export interface InputOptions {
  /**
   * Bytes of a pipe that are read before it is open, to recognise it by: a number, or what comes first. `none` of what
   * nobody continues. @default 'none'
   */
  readonly head?: number | 'first' | 'none';
  /** Ends the waiting for them. */
  readonly interrupt?: AbortSignal | undefined;
}

/** The input of a batch as it is read. */
export class BatchInput {
  readonly name: string;
  /** How many bytes there are to read; undefined for what is no regular file. */
  readonly size: number | undefined;
  /** Undefined for a pipe whose head nobody asked for. */
  readonly identity: InputIdentity | undefined;
  readonly #file: FileHandle | undefined;
  readonly #raw: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #stats: BigIntStats | undefined;
  readonly #compression: Compression;
  #read = NOTHING_WRITTEN;
  #share: number | undefined;
  /** Of what is no file here. */
  #random: RandomAccess | undefined;
  /** What an earlier run had read; undefined once it was the same. */
  #expected: Written | undefined;
  #state: 'open' | 'closed' = 'open';

  private constructor(
    name: string,
    raw: Readable,
    compression: Compression,
    identity: InputIdentity | undefined,
    file?: { readonly handle: FileHandle; readonly stats: BigIntStats },
  ) {
    this.name = name;
    this.#compression = compression;
    this.#raw = raw;
    this.#file = file?.handle;
    this.#stats = file?.stats;
    this.identity = identity;
    this.size = identity?.size;
    raw.on('data', (chunk: Buffer) => this.#count(chunk));
    raw.pause();
    this.#chunks = decompress(raw, compression, CHUNK_BYTES)[Symbol.asyncIterator]();
  }

  /** What comes once. */
  static ofStream(
    name: string,
    raw: Readable,
    compression: Compression,
    identity: InputIdentity | undefined,
    random?: RandomAccess,
  ): BatchInput {
    const input = new BatchInput(name, raw, compression, identity);
    input.#random = random;
    return input;
  }

  /**
   * Opens a file, a pipe or, with `-`, standard input.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
   */
  static async open(path: string, compression: Compression, options: InputOptions = {}): Promise<BatchInput> {
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
        return await BatchInput.#openFile(path, handle, compression, options);
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw error instanceof PluginError ? error : unusableFile('read', path, error);
    }
  }

  static async #openFile(
    path: string,
    handle: FileHandle,
    compression: Compression,
    options: InputOptions,
  ): Promise<BatchInput> {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) {
      return openStream(path, handle.createReadStream({ highWaterMark: CHUNK_BYTES }), compression, options);
    }
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(HEAD_BYTES), position: 0 });
    const head = extended(NOTHING_WRITTEN, buffer.subarray(0, bytesRead));
    const identity = { size: Number(stats.size), modifiedMs: Number(stats.mtimeMs), head };
    const raw = handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false, start: 0 });
    return new BatchInput(path, raw, compression, identity, { handle, stats });
  }

  /** Whether it can be read at any place. */
  get isRandom(): boolean {
    const isFile = this.#file !== undefined && this.size !== undefined;
    return (isFile || this.#random !== undefined) && this.#compression === 'none';
  }

  /**
   * Reads it at any place.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for what comes once, or is compressed.
   */
  randomAccess(): RandomAccess {
    const size = this.size!;
    const file = this.#file!;
    if (!this.isRandom) {
      throw unusableFile(
        'read',
        this.name,
        'Parquet is read from its end, so that it takes a file that is not compressed',
      );
    }
    if (this.#random !== undefined) return this.#random;
    return {
      size,
      read: async (start, end) => {
        const bytes = new Uint8Array(end - start);
        for (let at = 0; at < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
          if (bytesRead === 0) throw brokenFile('reading', this.name, `it ends at ${start + at} bytes`);
          at += bytesRead;
        }
        return bytes;
      },
    };
  }

  /** Notes how much of it was read at other places, from 0 to 1. */
  advance(share: number): void {
    this.#share = share;
  }

  /** What was read so far, compressed as it is. */
  get progress(): Written {
    return this.#read;
  }

  /** Bytes of the file that were read so far, compressed as they are. */
  get position(): number {
    return this.#share === undefined ? this.#read.bytes : Math.round(this.#share * (this.size ?? 0));
  }

  /**
   * The next bytes, or undefined at the end, or once it is closed.
   *
   * @throws {PluginError} `ERR_BATCH_FILE`, `ERR_BATCH_JOURNAL`.
   */
  async read(): Promise<Buffer | undefined> {
    if (this.#state === 'closed') return undefined;
    try {
      const next = await this.#chunks.next();
      if (!next.done) return next.value;
    } catch (error) {
      // Closed while it was read: what has been read is all there is.
      if (this.#isClosed) return undefined;
      throw error instanceof PluginError ? error : brokenFile('reading', this.name, error);
    }
    if (this.#expected !== undefined && !this.#isClosed) throw anotherInput(this.name);
    return undefined;
  }

  /** Has the reading fail where what an earlier run had read was something else. */
  expect(before: Written): void {
    if (before.bytes > 0) this.#expected = before;
  }

  /** Whether the file still begins with bytes that were read before. */
  async beginsWith(before: Written): Promise<boolean> {
    let found = NOTHING_WRITTEN;
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    while (found.bytes < before.bytes) {
      const length = Math.min(buffer.length, before.bytes - found.bytes);
      const { bytesRead } = await this.#file!.read(buffer, 0, length, found.bytes);
      if (bytesRead === 0) return false;
      found = extended(found, buffer.subarray(0, bytesRead));
    }
    return found.crc === before.crc;
  }

  /**
   * Holds the file against what it was when it was opened. One whose time of modification alone has changed is read
   * again as far as it was read.
   *
   * @throws {PluginError} `ERR_BATCH_FILE` when it was written to, replaced or removed.
   */
  async assertUnchanged(): Promise<void> {
    const before = this.#stats;
    if (before === undefined || this.#isClosed) return;
    const now = await stat(this.name, { bigint: true }).catch(() => undefined);
    const same = now !== undefined && (['dev', 'ino', 'size'] as const).every((key) => now[key] === before[key]);
    if (same && now.mtimeNs === before.mtimeNs) return;
    if (same && (await this.beginsWith(this.#read).catch(() => this.#isClosed))) {
      this.#stats = now;
      return;
    }
    const what = now === undefined ? 'removed' : now.ino === before.ino ? 'written to' : 'replaced';
    throw new PluginError('ERR_BATCH_FILE', `\`${this.name}\` was ${what} while the batch read it`, {
      hint: 'Nobody knows which of the results are of the old contents; run the batch again on a file that stays as it is.',
    });
  }

  /** Ends the reading where it is; a `read` that waits answers that there is no more. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#raw.destroy();
    void this.#file?.close().catch(() => {});
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #count(chunk: Buffer): void {
    const expected = this.#expected;
    if (expected !== undefined && this.#read.bytes + chunk.length >= expected.bytes) {
      const { crc } = extended(this.#read, chunk.subarray(0, expected.bytes - this.#read.bytes));
      if (crc === expected.crc) this.#expected = undefined;
      else this.#raw.destroy(anotherInput(this.name));
    }
    this.#read = extended(this.#read, chunk);
  }
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
  { head: wanted = 'none', interrupt }: InputOptions,
  known?: Omit<InputIdentity, 'head'>,
  random?: RandomAccess,
): Promise<BatchInput> {
  if (wanted === 'none') {
    const identity = known === undefined ? undefined : { ...known, head: NOTHING_WRITTEN };
    return BatchInput.ofStream(name, stream, compression, identity, random);
  }
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
  const raw = Readable.from(rejoined(pieces, rest), { objectMode: false, highWaterMark: CHUNK_BYTES });
  // What waits in the middle of `next` hears only of the stream.
  raw.once('close', stop);
  return BatchInput.ofStream(name, raw, compression, { ...known, head }, random);
}

async function* rejoined(pieces: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** A socket reads it in the event loop, waits there for a writer, and closes the descriptor. */
async function openPipe(path: string): Promise<Readable> {
  const fd = await promisify(openDescriptor)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

function anotherInput(name: string): PluginError {
  return new PluginError('ERR_BATCH_JOURNAL', `\`${name}\` is not what the run has read that it continues`, {
    hint: 'Give it the same input, or remove the journal to begin anew.',
  });
}
