import type { Buffer } from 'node:buffer';
import { copyBytes } from '../../component/copy-bytes.ts';
import type { ContractMatch } from '../../contract/match.ts';
import type { World } from '../../contract/worlds.ts';
import { brokenAbi, outputLimit } from '../glue.ts';
import type { LiveComponent } from './component.ts';
import type { LiftLowerContext } from './context.ts';
import { enter, leave } from './entering.ts';
import type { FlatValue } from './flat-value.ts';
import type { LiftedFunction } from './functions.ts';
import { validateUtf8 } from './strings.ts';

/** A request as it lies in the memory that the threads share: valid UTF-8, and the options as lengths and texts. */
export interface RequestBytes {
  readonly bytes: Buffer;
  readonly inputAt: number;
  readonly inputLength: number;
  /** Where the options begin: for each text of each pair its length, a little-endian u32, and the text. */
  readonly optionsAt: number;
  /** Pairs. */
  readonly optionCount: number;
}

/** Takes the answer while it still lies in the memory of the guest: it has to be copied before the call returns. */
export interface ResponseSink {
  /**
   * @param memory The guest's memory. Both ranges are within it and valid UTF-8.
   * @param messageAt -1 when there is no error message.
   */
  respond(
    memory: Buffer,
    outputAt: number,
    outputLength: number,
    success: boolean,
    messageAt: number,
    messageLength: number,
  ): void;
}

/** `process` of one instance, on bytes: no string is made of what passes. What it throws is a fault. */
export type ProcessBytes = (request: RequestBytes, sink: ResponseSink) => void;

/**
 * Binds `process` of a world of the contract by hand: the types are known, because the component was matched against
 * the contract. It does what `liftedForHost` would, in the order of the specification.
 *
 * @param maxOutputBytes Of the policy: bytes of output and error message together.
 * @returns undefined where the guest's strings are not UTF-8, or the world has more to it than texts, so that the general
 * path has to do.
 */
export function bindProcess(
  component: LiveComponent,
  { world, exportName }: Pick<ContractMatch, 'world' | 'exportName'>,
  maxOutputBytes: number,
): ProcessBytes | undefined {
  if (world === 'none' || world === 'plugin-bytes' || world === 'plugin-batch') return undefined;
  const lifted = component.lifted(exportName, 'process');
  if (lifted === undefined || lifted.cx.encoding !== 'utf8') return undefined;
  return WORLDS[world]({ ...lifted, maxOutputBytes });
}

/** A function of the guest, and the limit on what it answers. */
interface Process extends LiftedFunction {
  readonly maxOutputBytes: number;
}

/** The worlds that are called with one text. */
type TextWorld = Exclude<World, 'plugin-bytes' | 'plugin-batch'>;

/** For each world how its answer lies in memory; written out, because reading it through a description costs a seventh. */
const WORLDS: Readonly<Record<TextWorld, (process: Process) => ProcessBytes>> = {
  // record process-response { output: string, success: bool, error-message: option<string> }
  'plugin-world': (process) => (request, sink) => {
    const returned = callWithOptions(process, request);
    const { memory } = process.cx;
    const at = answerAt(process, returned, 24);
    const { view } = memory;
    const outputAt = view.getUint32(at, true);
    const outputLength = view.getUint32(at + 4, true);
    const success = view.getUint8(at + 8) !== 0;
    if (hasPayload(view.getUint8(at + 12))) {
      const messageAt = view.getUint32(at + 16, true);
      const messageLength = view.getUint32(at + 20, true);
      checkAnswer(process, outputAt, outputLength, messageAt, messageLength);
      sink.respond(memory.buffer, outputAt, outputLength, success, messageAt, messageLength);
    } else {
      checkAnswer(process, outputAt, outputLength, 0, 0);
      sink.respond(memory.buffer, outputAt, outputLength, success, -1, 0);
    }
    finish(process, returned);
  },
  // string
  'plugin-v1': (process) => (request, sink) => {
    const { cx, core } = process;
    const inputAt = begin(process, request);
    const returned = core(inputAt, request.inputLength);
    const at = answerAt(process, returned, 8);
    const outputAt = cx.memory.view.getUint32(at, true);
    const outputLength = cx.memory.view.getUint32(at + 4, true);
    checkAnswer(process, outputAt, outputLength, 0, 0);
    sink.respond(cx.memory.buffer, outputAt, outputLength, true, -1, 0);
    finish(process, returned);
  },
  // result<string, string>
  'plugin-v2': (process) => (request, sink) => {
    const returned = callWithOptions(process, request);
    const { memory } = process.cx;
    const at = answerAt(process, returned, 12);
    const { view } = memory;
    const isError = hasPayload(view.getUint8(at));
    const textAt = view.getUint32(at + 4, true);
    const textLength = view.getUint32(at + 8, true);
    checkAnswer(process, textAt, textLength, 0, 0);
    if (isError) sink.respond(memory.buffer, 0, 0, false, textAt, textLength);
    else sink.respond(memory.buffer, textAt, textLength, true, -1, 0);
    finish(process, returned);
  },
};

/** Enters the instance and lowers the input; returns where it is. */
function begin({ entering, cx }: Process, { bytes, inputAt, inputLength }: RequestBytes): number {
  enter(entering);
  cx.store.threadStorage?.begin();
  cx.memory.refresh();
  return copyIn(cx, bytes, inputAt, inputLength);
}

function callWithOptions(process: Process, request: RequestBytes): FlatValue | undefined {
  const inputAt = begin(process, request);
  const optionsAt = copyOptionsIn(process.cx, request);
  return process.core(inputAt, request.inputLength, optionsAt, request.optionCount);
}

/** Where the result is that a core function returned. */
function answerAt({ cx }: Process, returned: FlatValue | undefined, size: number): number {
  cx.memory.refresh();
  const at = (returned as number) >>> 0;
  cx.check(at, 4, size, 'the result');
  return at;
}

/** The discriminant of an `option` or a `result`. */
function hasPayload(discriminant: number): boolean {
  if (discriminant > 1) throw brokenAbi(`a discriminant of ${discriminant} where there are 2 cases`, {});
  return discriminant === 1;
}

function checkAnswer(
  { cx, maxOutputBytes }: Process,
  outputAt: number,
  outputLength: number,
  messageAt: number,
  messageLength: number,
): void {
  cx.check(outputAt, 1, outputLength, 'a string');
  cx.check(messageAt, 1, messageLength, 'a string');
  const bytes = outputLength + messageLength;
  if (bytes > maxOutputBytes) throw outputLimit(bytes, maxOutputBytes);
  validateUtf8(cx.memory, outputAt, outputAt + outputLength);
  if (messageLength > 0) validateUtf8(cx.memory, messageAt, messageAt + messageLength);
}

/** Lets the guest clean up, and leaves it. */
function finish({ cx, postReturn, entering }: Process, returned: FlatValue | undefined): void {
  if (postReturn !== undefined) {
    cx.instance.mayLeave = false;
    postReturn(returned!);
    cx.instance.mayLeave = true;
  }
  cx.store.rethrow();
  leave(entering);
}

/** Allocates in the guest, and copies bytes there. */
function copyIn(cx: LiftLowerContext, from: Buffer, at: number, length: number): number {
  const to = cx.allocate(1, length);
  copyBytes(from, at, length, cx.memory.buffer, to);
  return to;
}

/** `list<tuple<string, string>>` */
function copyOptionsIn(cx: LiftLowerContext, { bytes, optionsAt, optionCount }: RequestBytes): number {
  const list = cx.allocate(4, optionCount * 16);
  let at = optionsAt;
  for (let text = 0; text < optionCount * 2; text++) {
    const length = bytes.readUInt32LE(at);
    const pointer = copyIn(cx, bytes, at + 4, length);
    const { view } = cx.memory;
    view.setUint32(list + text * 8, pointer, true);
    view.setUint32(list + text * 8 + 4, length, true);
    at += 4 + length;
  }
  return list;
}
