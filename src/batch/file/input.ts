import { Buffer } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { PluginError } from '../../errors.ts';
import type { RandomAccess } from '../format/random-access.ts';
import { extended, NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { decompress } from './decompress.ts';
import { brokenFile, unusableFile } from './errors.ts';
import type { Compression } from './format.ts';
import type { InputIdentity } from './input-identity.ts';

/** Larger texts would be large objects to V8, which stay until a full collection. */
export const CHUNK_BYTES: number = 64 * 1024;

/** What was opened to be read. */
export interface OpenInput {
  readonly name: string;
  readonly raw: Readable;
  readonly compression: Compression;
  /** Undefined for a pipe whose head nobody asked for. */
  readonly identity: InputIdentity | undefined;
  /** What was read of the inputs before it. @default nothing */
  readonly after?: Written | undefined;
  /** Of a regular file. */
  readonly file?: { readonly handle: FileHandle; readonly stats: BigIntStats };
  /** Of what is no file here and can be read at any place. */
  readonly random?: RandomAccess | undefined;
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
  /** What was read of the inputs before it, and with what was read of it. */
  readonly #after: Written;
  #read: Written;
  #share: number | undefined;
  /** Of what is no file here. */
  readonly #random: RandomAccess | undefined;
  /** What an earlier run had read; undefined once it was the same. */
  #expected: Written | undefined;
  #isLast = true;
  #state: 'open' | 'closed' = 'open';

  constructor({ name, raw, compression, identity, after = NOTHING_WRITTEN, file, random }: OpenInput) {
    this.name = name;
    this.#after = after;
    this.#read = after;
    this.#compression = compression;
    this.#raw = raw;
    this.#file = file?.handle;
    this.#stats = file?.stats;
    this.#random = random;
    this.identity = identity;
    this.size = identity?.size;
    raw.on('data', (chunk: Buffer) => this.#count(chunk));
    raw.pause();
    this.#chunks = decompress(raw, compression, CHUNK_BYTES)[Symbol.asyncIterator]();
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

  /** What was read so far of it and of the inputs before it, compressed as they are. */
  get progress(): Written {
    return this.#read;
  }

  /** Bytes of the file that were read so far, compressed as they are. */
  get position(): number {
    return this.#share === undefined
      ? this.#read.bytes - this.#after.bytes
      : Math.round(this.#share * (this.size ?? 0));
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
      throw error instanceof PluginError ? error : brokenFile('reading', this.name, this.#reasonOf(error));
    }
    if (this.#expected !== undefined && this.#isLast && !this.#isClosed) throw anotherInput(this.name);
    return undefined;
  }

  /**
   * Has the reading fail where what an earlier run had read was something else.
   *
   * @param where Whether it had read no further than here.
   */
  expect(before: Written | undefined, where: 'here' | 'here or behind' = 'here'): void {
    this.#expected = before !== undefined && before.bytes > this.#after.bytes ? before : undefined;
    this.#isLast = where === 'here';
  }

  /** What an earlier run had read and was not met with yet. */
  get expected(): Written | undefined {
    return this.#expected;
  }

  /** Whether the file still begins with bytes that were read before. */
  async beginsWith(before: Written): Promise<boolean> {
    const found = await this.again(before.bytes);
    return found.bytes >= before.bytes && found.crc === before.crc;
  }

  /** Reads the file again until so many bytes were read of it and what is before it, or to its end. */
  async again(bytes: number): Promise<Written> {
    let found = this.#after;
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    while (found.bytes < bytes) {
      const length = Math.min(buffer.length, bytes - found.bytes);
      const { bytesRead } = await this.#file!.read(buffer, 0, length, found.bytes - this.#after.bytes);
      if (bytesRead === 0) break;
      found = extended(found, buffer.subarray(0, bytesRead));
    }
    return found;
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

  /** What zlib says does not say what it was about. */
  #reasonOf(error: unknown): unknown {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const zlib = /^(?:Z|ZSTD)_/.test(code);
    return zlib ? new Error(`it is not ${this.#compression}, as its name says, or not all of it: ${message}`) : error;
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

function anotherInput(name: string): PluginError {
  return new PluginError('ERR_BATCH_JOURNAL', `\`${name}\` is not what the run has read that it continues`, {
    hint: 'Give it the same input, or remove the journal to begin anew.',
  });
}
