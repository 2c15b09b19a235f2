import { PluginError } from '../../errors.ts';
import { NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { isRemote } from '../remote/url.ts';
import { unusableFile } from './errors.ts';
import type { BatchInput } from './input.ts';
import { difference, type InputIdentity } from './input-identity.ts';
import { type InputOptions, openInput } from './open-input.ts';
import type { InputFile } from './options.ts';

/** One of the inputs, open. */
export interface OpenInput {
  readonly input: BatchInput;
  readonly file: InputFile;
  /** By which its records are told from those of others; undefined where it is the only one. */
  readonly name: string | undefined;
}

/**
 * The inputs of a batch, one after the other, of which one is open at a time. What is read of them counts as one row of
 * bytes, in their order.
 */
export class BatchInputs {
  /** How many bytes there are to read; undefined where one does not say. */
  readonly size: number | undefined;
  /** What they are known by; undefined for one whose head nobody asked for. */
  readonly identities: readonly InputIdentity[] | undefined;
  readonly #files: readonly InputFile[];
  readonly #options: InputOptions;
  #next = 0;
  #current: BatchInput | undefined;
  /** The only one, before it is read. */
  #first: BatchInput | undefined;
  #read = NOTHING_WRITTEN;
  /** Bytes of those that are read to their end. */
  #behind = 0;
  #expected: Written | undefined;
  #state: 'open' | 'closed' = 'open';

  private constructor(
    files: readonly InputFile[],
    options: InputOptions,
    identities: readonly InputIdentity[] | undefined,
    first: BatchInput | undefined,
  ) {
    this.#files = files;
    this.#options = options;
    this.#first = first;
    this.identities = identities;
    const sizes = identities?.map(({ size }) => size) ?? [first?.size];
    this.size = sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
  }

  /**
   * Looks at all of them. The only one stays open: what comes once is gone when it is closed.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
   */
  static async open(files: readonly InputFile[], options: InputOptions = {}): Promise<BatchInputs> {
    if (files.length === 1) {
      const { path, compression } = files[0]!;
      const input = await openInput(path, compression, options);
      return new BatchInputs(files, options, input.identity && [input.identity], input);
    }
    const identities: InputIdentity[] = [];
    for (const { path, compression } of files) {
      const input = await openInput(path, compression, { ...options, head: 'none' });
      input.close();
      // What is no file and no URL comes once.
      if (input.identity === undefined)
        throw unusableFile('read', path, 'among several inputs it would have to be a file');
      identities.push(input.identity);
    }
    return new BatchInputs(files, options, identities, undefined);
  }

  /** Opens the next one; the one before is closed. Undefined when there is none, or once it is closed. */
  async next(): Promise<OpenInput | undefined> {
    await this.#leave();
    const file = this.#files[this.#next];
    if (file === undefined || this.#isClosed) return undefined;
    const input = this.#first ?? (await this.#open(file, this.#next));
    if (this.#first === undefined) {
      input.expect(this.#expected, this.#next === this.#files.length - 1 ? 'here' : 'here or behind');
    }
    this.#first = undefined;
    this.#next++;
    if (this.#isClosed) {
      input.close();
      return undefined;
    }
    this.#current = input;
    return { input, file, name: this.#files.length === 1 ? undefined : file.path };
  }

  /** What was read so far, compressed as it is. */
  get progress(): Written {
    return this.#current?.progress ?? this.#read;
  }

  /** Bytes that were read so far, compressed as they are. */
  get position(): number {
    return this.#behind + (this.#current?.position ?? 0);
  }

  /** Has the reading fail where what an earlier run had read was something else. */
  expect(before: Written): void {
    this.#expected = before;
    // At once: what is decompressed is read ahead.
    this.#first?.expect(before);
  }

  /** Whether the inputs still begin with bytes that were read before. What a server has is compared when it is read. */
  async begin(before: Written): Promise<boolean> {
    if (this.#first !== undefined) return this.#first.beginsWith(before);
    if (this.#files.some(({ path }) => isRemote(path))) return true;
    let found = NOTHING_WRITTEN;
    for (const { path, compression } of this.#files) {
      if (found.bytes >= before.bytes) break;
      const input = await openInput(path, compression, { after: found });
      try {
        found = await input.again(before.bytes);
      } finally {
        input.close();
      }
    }
    return found.bytes >= before.bytes && found.crc === before.crc;
  }

  /** @throws {PluginError} `ERR_BATCH_FILE` when the one that is read was written to, replaced or removed. */
  async assertUnchanged(): Promise<void> {
    await (this.#current ?? this.#first)?.assertUnchanged();
  }

  /** Ends the reading where it is. */
  close(): void {
    this.#state = 'closed';
    this.#first?.close();
    this.#current?.close();
  }

  async #leave(): Promise<void> {
    const input = this.#current;
    // The last one is held open, so that whoever ends can look at it.
    if (input === undefined || this.#isClosed || this.#next === this.#files.length) return;
    await input.assertUnchanged();
    this.#read = input.progress;
    this.#expected = input.expected;
    this.#behind += input.size ?? 0;
    this.#current = undefined;
    input.close();
  }

  async #open(file: InputFile, at: number): Promise<BatchInput> {
    const input = await openInput(file.path, file.compression, {
      ...this.#options,
      head: 'none',
      after: this.#read,
    });
    const before = this.identities?.[at];
    const why = before === undefined || input.identity === undefined ? undefined : difference(input.identity, before);
    if (why === undefined) return input;
    input.close();
    throw new PluginError('ERR_BATCH_FILE', `\`${file.path}\` has changed since the batch began: ${why}`, {
      hint: 'Run the batch again on files that stay as they are.',
    });
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }
}
