import { type FileHandle, open } from 'node:fs/promises';
import { Failure, fileFailure, systemReason } from '../failure.ts';
import { print } from '../output.ts';

/** Characters that are collected before they are written in one go. */
const CHUNK = 64 * 1024;

/**
 * Where lines go: a file, or stdout. What is written is on its way by the end of the turn of the event loop; whoever
 * awaits `write` goes no faster than the other side takes it.
 */
export class LineSink {
  readonly #name: string;
  readonly #file: FileHandle | undefined;
  #pending = '';
  #flushing: Promise<void> = Promise.resolve();
  #scheduled: NodeJS.Immediate | undefined;

  private constructor(name: string, file: FileHandle | undefined) {
    this.#name = name;
    this.#file = file;
  }

  /**
   * Opens a file for writing, anew; `-` is stdout.
   *
   * @throws {Failure} with status 2.
   */
  static async open(path: string): Promise<LineSink> {
    if (path === '-') return new LineSink('standard output', undefined);
    try {
      return new LineSink(path, await open(path, 'w'));
    } catch (error) {
      throw fileFailure('write', path, error);
    }
  }

  /** Takes a line. */
  async write(line: string): Promise<void> {
    this.#pending += `${line}\n`;
    if (this.#pending.length >= CHUNK) return this.flush();
    // Who waits for this flush finds out that it failed; nobody may, as long as the next one tells.
    this.#scheduled ??= setImmediate(() => void this.flush().catch(() => {}));
  }

  /** Writes what is collected. After a failure it fails for good. */
  flush(): Promise<void> {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const text = this.#pending;
    this.#pending = '';
    this.#flushing = this.#flushing.then(() => this.#put(text));
    this.#flushing.catch(() => {});
    return this.#flushing;
  }

  /** Writes the rest and closes the file. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file?.close();
    }
  }

  async #put(text: string): Promise<void> {
    if (text === '') return;
    if (this.#file === undefined) return print(text);
    try {
      await this.#file.appendFile(text);
    } catch (error) {
      throw new Failure(1, `Cannot go on writing \`${this.#name}\`: ${systemReason(error) ?? String(error)}.`, error);
    }
  }
}
