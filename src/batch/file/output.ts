import type { Buffer } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { PluginError } from '../../errors.ts';
import { brokenFile, unusableFile } from './errors.ts';
import type { Compression } from './format.ts';

const compressors = { gzip: promisify(gzip), zstd: promisify(zstdCompress) } as const;

/** Where blocks of text go: a file, or standard output. Compressed, each block is a member of its own, as `cat` makes. */
export class BatchOutput {
  readonly name: string;
  readonly #file: FileHandle | undefined;
  readonly #compression: Compression;
  readonly #hint: string | undefined;
  /** Devices and pipes have no positions. */
  readonly #seekable: boolean;
  #length: number;

  private constructor(
    name: string,
    file: FileHandle | undefined,
    compression: Compression,
    length: number,
    seekable: boolean,
    hint?: string,
  ) {
    this.name = name;
    this.#file = file;
    this.#compression = compression;
    this.#length = length;
    this.#seekable = seekable;
    this.#hint = hint;
  }

  /**
   * Opens a file for writing; `-` is standard output.
   *
   * @param length What of it stays, in bytes; 0 begins it anew.
   * @param hint What to do when it cannot be written any more.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, `ERR_BATCH_JOURNAL` when it is shorter than that.
   */
  static async open(path: string, compression: Compression, length: number, hint?: string): Promise<BatchOutput> {
    if (path === '-') return new BatchOutput('standard output', undefined, compression, 0, false);
    const file = await open(path, length === 0 ? 'w' : 'r+').catch((error: unknown) => {
      throw unusableFile('write', path, error);
    });
    try {
      const stats = await file.stat();
      if (length > 0) {
        if (stats.size < length) throw shorterThanJournal(path, stats.size, length);
        await file.truncate(length);
      }
      return new BatchOutput(path, file, compression, length, stats.isFile(), hint);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes that were written, those of earlier runs included. */
  get length(): number {
    return this.#length;
  }

  /**
   * Writes a block; one at a time.
   *
   * @throws {PluginError} `ERR_BATCH_FILE`.
   */
  async write(plain: Buffer): Promise<void> {
    if (plain.length === 0) return;
    const bytes = this.#compression === 'none' ? plain : await compressors[this.#compression](plain);
    try {
      if (this.#file === undefined) await toStdout(bytes).catch(stdoutClosed);
      else await writeAll(this.#file, bytes, this.#seekable ? this.#length : undefined);
    } catch (error) {
      throw error instanceof PluginError ? error : brokenFile('writing', this.name, error, this.#hint);
    }
    this.#length += bytes.length;
  }

  /** Has the disk hold what was written. */
  async sync(): Promise<void> {
    try {
      await this.#file?.datasync();
    } catch (error) {
      throw brokenFile('writing', this.name, error, this.#hint);
    }
  }

  /** Cuts off what was written of a block that failed, which the journal does not speak of. */
  async close(): Promise<void> {
    try {
      const stats = await this.#file?.stat();
      if (stats?.isFile() && stats.size > this.#length) await this.#file?.truncate(this.#length);
    } finally {
      await this.#file?.close();
    }
  }
}

/** `FileHandle.write` writes what fits; only the next call tells why the rest did not. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number | undefined): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(
      bytes,
      at,
      bytes.length - at,
      position === undefined ? null : position + at,
    );
    at += bytesWritten;
  }
}

function toStdout(bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function stdoutClosed(cause: unknown): never {
  const message = 'Standard output was closed before everything was written to it';
  throw new PluginError('ERR_BATCH_FILE', message, { cause });
}

function shorterThanJournal(path: string, size: number, length: number): PluginError {
  const message = `\`${path}\` has ${size} bytes, and its journal speaks of ${length}`;
  return new PluginError('ERR_BATCH_JOURNAL', message, {
    hint: 'It is not the file that the run wrote; remove the journal to begin anew.',
  });
}
