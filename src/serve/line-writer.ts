import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers';
import { drained } from './drained.ts';

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
    if (this.#response.writableNeedDrain) await drained(this.#response, this.#timeoutMs);
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
}
