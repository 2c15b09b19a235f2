import { Buffer } from 'node:buffer';
import { type AnswerCursor, AnswerKind } from '../block/packed.ts';
import type { PluginResponse } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import type { PackedResults, ProcessManyResult } from '../request/many.ts';
import type { JobListener } from '../scheduler/job.ts';
import { bytesOfAnswer, type OutstandingBytes } from '../scheduler/outstanding-bytes.ts';

/**
 * Takes results as they come and settles when all are there. Until then, and for as long as their caller has them, they
 * are on the books of the engine.
 */
export abstract class Collector {
  #left: number;
  protected readonly outstanding: OutstandingBytes;
  #held = 0;

  constructor(count: number, outstanding: OutstandingBytes) {
    this.#left = count;
    this.outstanding = outstanding;
  }

  /** Settles. @returns what its caller gets. */
  protected abstract settle(): object;

  /** Books an answer; why it cannot be kept, if it cannot. */
  keep(bytes: number): PluginError | undefined {
    if (!this.outstanding.fits(bytes)) return new PluginError(...this.outstanding.refusal('The answer', bytes));
    this.outstanding.book(bytes);
    this.#held += bytes;
    return undefined;
  }

  /** An answer that stands in bytes, of which it may keep none. */
  abstract answered(index: number, answer: AnswerCursor, bytes: Buffer): void;
  abstract responded(index: number, response: PluginResponse): void;
  abstract failed(index: number, error: PluginError): void;

  over(count: number): void {
    this.#left -= count;
    if (this.#left === 0) this.outstanding.handOver(this.settle(), this.#held);
  }
}

export class Results extends Collector {
  readonly results: ProcessManyResult[];
  readonly #resolve: (results: ProcessManyResult[]) => void;

  constructor(count: number, outstanding: OutstandingBytes, resolve: (results: ProcessManyResult[]) => void) {
    super(count, outstanding);
    this.results = new Array(count);
    this.#resolve = resolve;
  }

  protected settle(): object {
    this.#resolve(this.results);
    return this.results;
  }

  answered(index: number, { kind, outputAt, outputEnd, messageEnd }: AnswerCursor, bytes: Buffer): void {
    const output = bytes.toString('utf8', outputAt, outputEnd);
    const success = isSuccess(kind);
    if (!hasMessage(kind)) this.results[index] = { ok: true, output, success };
    else {
      const errorMessage = bytes.toString('utf8', outputEnd, messageEnd);
      this.results[index] = { ok: true, output, success, errorMessage };
    }
  }

  responded(index: number, response: PluginResponse): void {
    this.results[index] = { ok: true, ...response };
  }

  failed(index: number, error: PluginError): void {
    this.results[index] = { ok: false, error };
  }
}

export class PackedCollector extends Collector {
  readonly #outputs: (Uint8Array | undefined)[];
  readonly #success: Uint8Array;
  readonly #messages = new Map<number, string>();
  readonly #errors = new Map<number, PluginError>();
  readonly #resolve: (results: PackedResults) => void;

  constructor(count: number, outstanding: OutstandingBytes, resolve: (results: PackedResults) => void) {
    super(count, outstanding);
    this.#resolve = resolve;
    this.#outputs = new Array(count);
    this.#success = new Uint8Array(count);
  }

  /** `bytes` is a copy of its own here: see `ManyPacker`. */
  answered(index: number, { kind, outputAt, outputEnd, messageEnd }: AnswerCursor, bytes: Buffer): void {
    this.#outputs[index] = bytes.subarray(outputAt, outputEnd);
    if (isSuccess(kind)) this.#success[index] = 1;
    if (!hasMessage(kind)) return;
    this.#messages.set(index, bytes.toString('utf8', outputEnd, messageEnd));
  }

  responded(index: number, { output, success, errorMessage }: PluginResponse): void {
    this.#outputs[index] = Buffer.from(output);
    if (success) this.#success[index] = 1;
    if (errorMessage !== undefined) this.#messages.set(index, errorMessage);
  }

  failed(index: number, error: PluginError): void {
    this.#errors.set(index, error);
  }

  protected settle(): object {
    const results = this.#assemble();
    this.#resolve(results);
    return results;
  }

  #assemble(): PackedResults {
    const outputs = this.#outputs;
    const ends = new Uint32Array(outputs.length);
    let end = 0;
    for (let index = 0; index < outputs.length; index++) {
      end += outputs[index]?.length ?? 0;
      ends[index] = end;
    }
    const bytes = Buffer.allocUnsafe(end);
    for (let index = 0; index < outputs.length; index++) {
      const output = outputs[index];
      if (output !== undefined) bytes.set(output, ends[index]! - output.length);
    }
    return { bytes, ends, success: this.#success, messages: this.#messages, errors: this.#errors };
  }
}

/** Tells somebody of each result by itself. */
export class EachResult extends Collector {
  readonly #listeners: readonly JobListener[];

  constructor(listeners: readonly JobListener[], outstanding: OutstandingBytes) {
    super(listeners.length, outstanding);
    this.#listeners = listeners;
  }

  protected settle(): object {
    return this;
  }

  /** Each is on the books by itself. */
  override keep(): undefined {}

  answered(index: number, { kind, outputAt, outputEnd, messageEnd }: AnswerCursor, bytes: Buffer): void {
    const output = bytes.toString('utf8', outputAt, outputEnd);
    const success = isSuccess(kind);
    if (!hasMessage(kind)) this.#deliver(index, { output, success });
    else this.#deliver(index, { output, success, errorMessage: bytes.toString('utf8', outputEnd, messageEnd) });
  }

  #deliver(index: number, response: PluginResponse): void {
    const bytes = bytesOfAnswer(response);
    if (this.outstanding.deliver(response, bytes)) this.responded(index, response);
    else this.failed(index, new PluginError(...this.outstanding.refusal('The answer', bytes)).with({ began: true }));
  }

  responded(index: number, response: PluginResponse): void {
    this.#listeners[index]!.resolve(response);
  }

  failed(index: number, error: PluginError): void {
    this.#listeners[index]!.reject(error);
  }
}

function isSuccess(kind: number): boolean {
  return kind === AnswerKind.success || kind === AnswerKind.successWithMessage;
}

function hasMessage(kind: number): boolean {
  return kind !== AnswerKind.success && kind !== AnswerKind.failure;
}
