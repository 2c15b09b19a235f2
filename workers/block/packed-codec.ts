import { Buffer } from 'node:buffer';
import { AnswerKind, answerBytes, beginAnswer, nextRequest, REQUEST_WORDS } from '../../src/block/packed.ts';
import type { PluginResponse } from '../../src/contract/values.ts';
import { type PluginError, toWire } from '../../src/errors.ts';
import type { BlockArea } from '../../src/pool/block-area.ts';
import type { BlockCodec, RecordBytes } from './codec.ts';
import type { Region } from './region.ts';

/** Copies of fewer bytes than this are quicker in a loop than in a call into Node. */
const SHORT = 24;

/** Packed requests, and packed answers: see `src/block/packed.ts`. */
export class PackedCodec implements BlockCodec {
  readonly request: RecordBytes;
  readonly #input: Buffer;
  readonly #output: Region;
  #at = 0;

  constructor(area: BlockArea, output: Region) {
    this.#input = area.input;
    this.#output = output;
    this.request = { bytes: area.input, inputAt: 0, inputLength: 0, optionsAt: 0, optionCount: 0 };
  }

  begin(): void {
    this.#at = 0;
  }

  next(): 'run' {
    const { request } = this;
    const input = this.#input;
    const at = this.#at;
    request.inputAt = at + REQUEST_WORDS * 4;
    request.inputLength = input.readUInt32LE(at);
    request.optionsAt = request.inputAt + request.inputLength;
    request.optionCount = input.readUInt32LE(at + 4);
    this.#at = nextRequest(input, at);
    return 'run';
  }

  refuse(): void {}

  answerBytes(
    memory: Buffer,
    outputAt: number,
    outputLength: number,
    success: boolean,
    messageAt: number,
    messageLength: number,
  ): void {
    const kind = kindOf(success, messageAt >= 0);
    const size = answerBytes(outputLength, messageLength);
    const region = this.#output;
    if (size > region.room) {
      const alone = Buffer.alloc(size);
      const at = beginAnswer(alone, 0, kind, outputLength, messageLength);
      memory.copy(alone, at, outputAt, outputAt + outputLength);
      if (messageLength > 0) memory.copy(alone, at + outputLength, messageAt, messageAt + messageLength);
      region.add(alone);
      return;
    }
    const { bytes, end } = region;
    const at = beginAnswer(bytes, end, kind, outputLength, messageLength);
    if (outputLength > SHORT) memory.copy(bytes, at, outputAt, outputAt + outputLength);
    else for (let index = 0; index < outputLength; index++) bytes[at + index] = memory[outputAt + index]!;
    if (messageLength > 0) memory.copy(bytes, at + outputLength, messageAt, messageAt + messageLength);
    region.end = end + size;
  }

  answer({ output, success, errorMessage }: PluginResponse): void {
    const memory = Buffer.from(output + (errorMessage ?? ''));
    const outputLength = Buffer.byteLength(output);
    const messageAt = errorMessage === undefined ? -1 : outputLength;
    this.answerBytes(memory, 0, outputLength, success, messageAt, memory.length - outputLength);
  }

  fail(error: PluginError): void {
    const text = Buffer.from(JSON.stringify(toWire(error)));
    const alone = Buffer.alloc(answerBytes(text.length, 0));
    text.copy(alone, beginAnswer(alone, 0, AnswerKind.error, text.length, 0));
    this.#output.add(alone);
  }
}

function kindOf(success: boolean, hasMessage: boolean): number {
  if (hasMessage) return success ? AnswerKind.successWithMessage : AnswerKind.failureWithMessage;
  return success ? AnswerKind.success : AnswerKind.failure;
}
