import type { Buffer } from 'node:buffer';
import type { RequestBytes } from '../../src/canonical-abi/runtime/contract.ts';
import type { PluginResponse } from '../../src/contract/values.ts';
import type { PluginError } from '../../src/errors.ts';

/** The request of a record, to be filled in again for each one. */
export interface RecordBytes extends RequestBytes {
  bytes: Buffer;
  inputAt: number;
  inputLength: number;
  optionsAt: number;
  optionCount: number;
}

/** Reads the records of a block in their order and writes what became of each. */
export interface BlockCodec {
  readonly request: RecordBytes;
  /** Begins a block, or a stretch of one. */
  begin(): void;
  /**
   * Goes to the next record.
   *
   * @returns `run` with {@link request} filled in; `refused` when it is none, and {@link refuse} says so; `foreign` when
   * it is for another plugin.
   */
  next(): 'run' | 'refused' | 'foreign';
  /** Writes that it is none. */
  refuse(): void;
  /** Writes its answer, which lies in the memory of a guest; see `ResponseSink`. */
  answerBytes(
    memory: Buffer,
    outputAt: number,
    outputLength: number,
    success: boolean,
    messageAt: number,
    messageLength: number,
  ): void;
  /** Writes its answer. */
  answer(response: PluginResponse): void;
  /** Writes that it failed. */
  fail(error: PluginError): void;
}
