import { Buffer } from 'node:buffer';
import { invalidArgument, knownKeys, MAX_TIMER_MS, nonEmptyString, wholeNumber } from '../arguments/arguments.ts';
import type { RequestOptions } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import type { ProcessOptions } from './process-options.ts';

/**
 * What a caller asks of a plugin.
 *
 * @example
 * const request: ProcessRequest = { input: 'mail ada@example.org', options: { only: 'email' } };
 * await engine.process('redact', request);
 */
export interface ProcessRequest {
  readonly input: string;
  /** Pairs in the order in which the plugin gets them, or an object. @default [] */
  readonly options?: RequestOptions | Readonly<Record<string, string>>;
}

/**
 * What a caller asks of a plugin of the world `plugin-bytes`.
 *
 * @example
 * const request: BytesRequest = { input: new Uint8Array([1, 2, 3]), options: { width: '320' } };
 * const response = await engine.process('thumbnail', request);
 * console.log(response.output.byteLength);
 */
export interface BytesRequest {
  /** Copied when the request is made: what becomes of it afterwards changes nothing. */
  readonly input: Uint8Array;
  /** As in {@link ProcessRequest}. @default [] */
  readonly options?: ProcessRequest['options'];
}

const CALL_KEYS = [
  'signal',
  'deadlineMs',
  'priority',
  'requestId',
  'version',
  'whenFull',
] as const satisfies readonly (keyof ProcessOptions)[];
const NO_OPTIONS: RequestOptions = Object.freeze([]);
/** Bytes of the longest string that the canonical ABI hands over (`MAX_STRING_BYTE_LENGTH`). */
const MAX_STRING_BYTES = 2 ** 28 - 1;

/** Checks a request's input. */
export function resolveInput(request: ProcessRequest): string {
  if (typeof request !== 'object' || request === null || typeof request.input !== 'string') {
    throw invalidArgument('request', '`{input: string, options?: …}`', request);
  }
  assertText('request.input', request.input);
  return request.input;
}

function assertText(name: string, text: string): void {
  if (!text.isWellFormed()) throw notUnicode(name);
  // Three bytes for a code unit at the most; nothing is counted that cannot be too long.
  if (text.length <= MAX_STRING_BYTES / 3 || Buffer.byteLength(text) <= MAX_STRING_BYTES) return;
  throw new PluginError(
    'ERR_INVALID_ARGUMENT',
    `\`${name}\` has more than the ${MAX_STRING_BYTES} bytes that one string of a component may have`,
    { hint: 'Give the plugin less at a time.' },
  );
}

/** Half of a surrogate pair has no UTF-8: a plugin would get U+FFFD, and nobody would know (invariant 19). */
export function notUnicode(name: string): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `\`${name}\` has half of a surrogate pair, which is no Unicode`, {
    hint: 'It was cut in the middle of a character. `toWellFormed()` puts U+FFFD in its place.',
  });
}

/** Checks a request's options and brings them into the form of pairs. */
export function resolveRequestOptions(options: ProcessRequest['options']): RequestOptions {
  if (options === undefined) return NO_OPTIONS;
  if (typeof options !== 'object' || options === null) {
    throw invalidArgument('request.options', 'an array of `[key, value]` pairs or an object', options);
  }
  const pairs: readonly unknown[] = Array.isArray(options) ? options : Object.entries(options);
  if (pairs.length === 0) return NO_OPTIONS;
  // Copied, because a request may wait for long and callers use their arrays again.
  return Array.from(pairs, (pair, index) => {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') {
      throw invalidArgument(`request.options[${index}]`, 'a pair of strings', pair);
    }
    const [key, value]: string[] = pair;
    assertText(`request.options[${index}]`, key!);
    assertText(`request.options[${index}]`, value!);
    return [key!, value!] as const;
  });
}

/** Checks what a caller says about one request. */
export function checkProcessOptions(options: ProcessOptions): void {
  knownKeys('options', options, CALL_KEYS);
  const { signal, deadlineMs, priority, requestId, version, whenFull } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument('signal', 'an AbortSignal', signal);
  // What is left of a caller's own time may be nothing, or less: that is no wrong argument, and ends the request at once.
  if (deadlineMs === undefined || !Number.isFinite(deadlineMs) || deadlineMs > 0) {
    wholeNumber('deadlineMs', deadlineMs, { min: 1, max: MAX_TIMER_MS, default: 1 });
  }
  if (priority !== undefined && !Number.isFinite(priority))
    throw invalidArgument('priority', 'a finite number', priority);
  if (requestId !== undefined) nonEmptyString('requestId', requestId);
  if (version !== undefined) nonEmptyString('version', version);
  if (whenFull !== undefined && whenFull !== 'reject' && whenFull !== 'wait')
    throw invalidArgument('whenFull', "'reject' or 'wait'", whenFull);
}
