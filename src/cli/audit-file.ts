import { type FileHandle, open } from 'node:fs/promises';
import type { AuditEntry } from '../serve/index.ts';
import { fileFailure } from './failure.ts';
import { say } from './output.ts';

/** Where `serve` notes administrative calls: a line of JSON for each, in a file that only grows, or on stderr. */
export class AuditFile {
  readonly #path: string;
  readonly #file: FileHandle | undefined;
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle | undefined) {
    this.#path = path;
    this.#file = file;
  }

  /** @throws {Failure} with status 2 where it cannot be written to: nobody administers without being noted. */
  static async open(path: string | undefined): Promise<AuditFile> {
    if (path === undefined) return new AuditFile('', undefined);
    const file = await open(path, 'a', 0o600).catch((error: unknown) => {
      throw fileFailure('write', path, error);
    });
    return new AuditFile(path, file);
  }

  note(entry: AuditEntry): void {
    const line = JSON.stringify(entry);
    const file = this.#file;
    if (file === undefined) say(`[audit] ${line}`);
    else {
      this.#written = this.#written
        .then(() => file.appendFile(`${line}\n`))
        .catch((error: unknown) => say(`Cannot write \`${this.#path}\`: ${error}. [audit] ${line}`));
    }
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#file?.close();
  }
}
