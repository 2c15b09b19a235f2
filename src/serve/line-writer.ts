import type { ServerResponse } from 'node:http';
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';

/** Characters that are collected before they are written whatever else there is: a chunk costs as much as a short line. */
const COLLECTED = 16 * 1024;

/** Writes lines of JSON to a client as fast as it reads. */
export class LineWriter {
  readonly #response: ServerResponse;
  readonly #timeoutMs: number;
  #collected = '';
  #flush: NodeJS.Immediate | undefined;

  /** @param timeoutMs For which the client may read nothing; then the connection ends. */
  constructor(response: ServerResponse, timeoutMs: number) {
    this.#response = response;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when there is room for more. */
  async write(value: object): Promise<void> {
    this.#collected += `${JSON.stringify(value)}\n`;
    if (this.#collected.length < COLLECTED) {
      this.#flush ??= setImmediate(() => this.#write());
      if (!this.#response.writableNeedDrain) return;
    } else this.#write();
    if (this.#response.writableNeedDrain) await this.#drained();
  }

  async end(): Promise<void> {
    this.#write();
    this.#response.end();
  }

  #write(): void {
    this.#flush = undefined;
    const text = this.#collected;
    this.#collected = '';
    if (text !== '' && !this.#response.destroyed) this.#response.write(text);
  }

  #drained(): Promise<void> {
    const response = this.#response;
    if (response.destroyed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    // The signal of the connection ends the batch.
    const timer = setTimeout(() => response.destroy(), this.#timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
    return promise;
  }
}
