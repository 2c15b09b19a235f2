import type { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { PluginError } from '../../errors.ts';
import type { ResultEncoder } from '../format/encoder.ts';
import { extended, NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { openUpload } from '../remote/upload.ts';
import { isRemote, shownUrl } from '../remote/url.ts';
import { brokenFile, unusableFile } from './errors.ts';
import type { Compression } from './format.ts';
import { isRegular, openSink, type Sink } from './sink.ts';
import { openWholeFile } from './whole-file.ts';

const compressors = { gzip: promisify(gzip), zstd: promisify(zstdCompress) } as const;

/** How an output is opened. */
export interface OutputOptions {
  /** What of it stays when it is cut. @default nothing */
  readonly written?: Written;
  /** What to do when it cannot be written any more. */
  readonly hint?: string | undefined;
  /** Ends the waiting for somebody who reads a named pipe. */
  readonly interrupt?: AbortSignal | undefined;
  /** Makes what the file has of the lines that it is given. @default they are what it has */
  readonly encoder?: ResultEncoder | undefined;
  /** Has a regular file take its place when it is complete. @default false */
  readonly whole?: boolean;
}

async function open(path: string, { whole = false, interrupt }: OutputOptions): Promise<Sink> {
  if (isRemote(path)) return openUpload(path);
  return whole && (await isRegular(path)) ? openWholeFile(path) : openSink(path, interrupt);
}

/** Where blocks of text go: a file, or standard output. Compressed, each block is a member of its own, as `cat` makes. */
export class BatchOutput {
  readonly name: string;
  readonly #sink: Sink;
  readonly #compression: Compression;
  readonly #hint: string | undefined;
  readonly #encoder: ResultEncoder | undefined;
  #written: Written;
  /** Whether what stands in front was written; it may be nothing. */
  #begun: 'no' | 'yes' = 'no';
  /** What was there may stay as it is until it is cut. */
  #state: 'as it was' | 'cut' = 'as it was';

  private constructor(name: string, sink: Sink, compression: Compression, { written, hint, encoder }: OutputOptions) {
    this.name = name;
    this.#sink = sink;
    this.#compression = compression;
    this.#written = written ?? NOTHING_WRITTEN;
    this.#hint = hint;
    this.#encoder = encoder;
  }

  /**
   * Opens a file for writing; `-` is standard output. What is in it stays until {@link cut}.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, `ERR_ABORTED`.
   */
  static async open(path: string, compression: Compression, options: OutputOptions = {}): Promise<BatchOutput> {
    const sink = await open(path, options).catch((error: unknown) => {
      throw error instanceof PluginError ? error : unusableFile('write', shownUrl(path), error);
    });
    return new BatchOutput(
      path === '-' ? 'standard output' : isRemote(path) ? shownUrl(path) : path,
      sink,
      compression,
      options,
    );
  }

  /** Cuts off what does not stay. */
  async cut(): Promise<void> {
    await this.#attempt(() => this.#sink.cut(this.#written.bytes));
    this.#state = 'cut';
  }

  /** What was written, by earlier runs too. */
  get written(): Written {
    return this.#written;
  }

  /**
   * Writes a block of whole lines; one at a time.
   *
   * @throws {PluginError} `ERR_BATCH_FILE`.
   */
  async write(lines: Buffer): Promise<void> {
    if (lines.length === 0) return;
    await this.#begin();
    await this.#put(this.#encoder === undefined ? lines : await this.#encoder.encode(lines));
  }

  /** Writes what comes after all lines, and puts the file in its place; nothing is written then. */
  async finish(): Promise<void> {
    if (this.#encoder !== undefined) {
      await this.#begin();
      await this.#put(await this.#encoder.end());
    }
    await this.#attempt(() => this.#sink.finish());
  }

  /** What stands in front is there once. */
  async #begin(): Promise<void> {
    if (this.#encoder === undefined || this.#written.bytes > 0 || this.#begun === 'yes') return;
    this.#begun = 'yes';
    await this.#put(await this.#encoder.begin());
  }

  async #put(plain: Buffer): Promise<void> {
    if (plain.length === 0) return;
    const bytes = this.#compression === 'none' ? plain : await compressors[this.#compression](plain);
    await this.#attempt(() => this.#sink.write(bytes, this.#written.bytes));
    this.#written = extended(this.#written, bytes);
  }

  /** Has the disk hold what was written. */
  async sync(): Promise<void> {
    await this.#attempt(() => this.#sink.sync());
  }

  /** Cuts off what was written of a block that failed, which the journal does not speak of. */
  async close(): Promise<void> {
    try {
      if (this.#state === 'cut') await this.#sink.cut(this.#written.bytes);
    } finally {
      await this.#sink.close();
    }
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') {
        throw brokenFile('writing', this.name, error, this.#hint);
      }
      // The usual end of `… | head`.
      const message = `The reader of ${this.name === 'standard output' ? this.name : `\`${this.name}\``} went away`;
      throw new PluginError('ERR_BATCH_FILE', message, { cause: error });
    }
  }
}
