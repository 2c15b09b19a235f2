import { Buffer } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { crc32, createGunzip, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { PluginError } from '../../errors.ts';
import { brokenFile, unusableFile } from './errors.ts';
import type { Compression } from './format.ts';

/** Larger texts would be large objects to V8, which stay until a full collection. */
const CHUNK_BYTES = 64 * 1024;
/** How much of a file is looked at to recognise it. */
const HEAD_BYTES = 64 * 1024;

/**
 * Whether this Node reads zstd to the end of a file. Before Node 26 it ends after the first frame, without an error, and
 * files of many frames are what batches and parallel compressors write.
 */
export function readsZstd(): boolean {
  const frame = zstdCompressSync('x');
  return zstdDecompressSync(Buffer.concat([frame, frame])).length === 2;
}

/** What tells a file from another, and from what it was before. */
export interface FileIdentity {
  readonly size: number;
  readonly modifiedMs: number;
  /** CRC-32 of its beginning. */
  readonly head: number;
}

/** The input of a batch as it is read. */
export class BatchInput {
  readonly name: string;
  /** How many bytes there are to read; undefined for what is no regular file. */
  readonly size: number | undefined;
  /** Undefined for what is no regular file. */
  readonly identity: FileIdentity | undefined;
  readonly #file: FileHandle | undefined;
  readonly #stats: BigIntStats | undefined;
  readonly #raw: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #position = 0;
  #state: 'open' | 'closed' = 'open';

  private constructor(
    name: string,
    raw: Readable,
    compression: Compression,
    file?: { readonly handle: FileHandle; readonly stats: BigIntStats; readonly identity: FileIdentity },
  ) {
    this.name = name;
    this.#raw = raw;
    this.#file = file?.handle;
    this.#stats = file?.stats;
    this.identity = file?.identity;
    this.size = file?.identity.size;
    raw.on('data', (chunk: Buffer) => {
      this.#position += chunk.length;
    });
    raw.pause();
    this.#chunks = decompress(raw, compression)[Symbol.asyncIterator]();
  }

  /**
   * Opens a file, a pipe or, with `-`, standard input.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
   */
  static async open(path: string, compression: Compression): Promise<BatchInput> {
    if (compression === 'zstd' && !readsZstd()) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `This version of Node cannot read all of \`${path}\``, {
        hint: 'Run the batch on Node 26, or decompress the file with `zstd -d` first.',
      });
    }
    if (path === '-') return new BatchInput('standard input', process.stdin, compression);
    const handle = await open(path).catch((error: unknown) => {
      throw unusableFile('read', path, error);
    });
    try {
      const stats = await handle.stat({ bigint: true });
      if (stats.isDirectory()) throw unusableFile('read', path, 'it is a directory');
      const stream = (): Readable =>
        handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false, start: 0 });
      if (!stats.isFile()) {
        return new BatchInput(path, handle.createReadStream({ highWaterMark: CHUNK_BYTES }), compression);
      }
      const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(HEAD_BYTES), position: 0 });
      const head = crc32(buffer.subarray(0, bytesRead));
      const identity = { size: Number(stats.size), modifiedMs: Number(stats.mtimeMs), head };
      return new BatchInput(path, stream(), compression, { handle, stats, identity });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes of the file that were read so far, compressed as they are. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next bytes, or undefined at the end, or once it is closed.
   *
   * @throws {PluginError} `ERR_BATCH_FILE`.
   */
  async read(): Promise<Buffer | undefined> {
    if (this.#state === 'closed') return undefined;
    try {
      const next = await this.#chunks.next();
      return next.done ? undefined : next.value;
    } catch (error) {
      // Closed while it was read: what has been read is all there is.
      if (this.#isClosed) return undefined;
      throw brokenFile('reading', this.name, error);
    }
  }

  /**
   * Holds the file against what it was when it was opened.
   *
   * @throws {PluginError} `ERR_BATCH_FILE` when it was written to, replaced or removed.
   */
  async assertUnchanged(): Promise<void> {
    if (this.#stats === undefined) return;
    const before = this.#stats;
    const now = await stat(this.name, { bigint: true }).catch(() => undefined);
    const same =
      now !== undefined && (['dev', 'ino', 'size', 'mtimeNs'] as const).every((key) => now[key] === before[key]);
    if (same) return;
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
}

function decompress(raw: Readable, compression: Compression): Readable {
  if (compression === 'none') return raw;
  const decoder = compression === 'gzip' ? createGunzip({ chunkSize: CHUNK_BYTES }) : createZstdDecompress();
  // An error of the file reaches the reader through the decoder.
  return pipeline(raw, decoder, () => {});
}
