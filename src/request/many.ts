import { Buffer, isUtf8 } from 'node:buffer';
import { invalidArgument, knownKeys } from '../arguments/arguments.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { ProcessOptions } from './process-options.ts';
import { checkProcessOptions } from './request.ts';

/**
 * What a caller may say about many requests at once; each of them is bound by it as one request would be.
 *
 * @example
 * const options: ProcessManyOptions = { deadlineMs: 500 };
 * await engine.processMany('redact', [{ input: 'a' }, { input: 'b' }], options);
 */
export type ProcessManyOptions = Omit<ProcessOptions, 'requestId'>;

/**
 * What became of one of many requests.
 *
 * @example
 * const results: ProcessManyResult[] = await engine.processMany('redact', [{ input: 'a' }]);
 * for (const result of results) console.log(result.ok ? result.output : result.error.code);
 */
export type ProcessManyResult =
  | ({ readonly ok: true } & PluginResponse)
  | { readonly ok: false; readonly error: PluginError };

/**
 * Inputs as bytes, for callers who have them as such: no string is made of what passes. They have no options.
 *
 * @example
 * const requests: PackedRequests = { bytes: Buffer.from('a@b.orgc@d.org'), ends: [7, 14] };
 * const { bytes, ends } = await engine.processMany('redact', requests);
 */
export interface PackedRequests {
  /** The inputs as UTF-8, one after the other. */
  readonly bytes: Uint8Array;
  /** Where each input ends, in bytes. */
  readonly ends: ArrayLike<number>;
}

/**
 * Results as bytes, in the order of the requests.
 *
 * @example
 * const results: PackedResults = await engine.processMany('redact', { bytes: Buffer.from('a@b.org'), ends: [7] });
 * const first = Buffer.from(results.bytes.subarray(0, results.ends[0])).toString();
 */
export interface PackedResults {
  /** The outputs as UTF-8, one after the other. */
  readonly bytes: Uint8Array;
  /** Where each output ends, in bytes; that of a request without an answer is empty. */
  readonly ends: Uint32Array;
  /** 1 for each request that the plugin answered with `success: true`, else 0. */
  readonly success: Uint8Array;
  /** Error messages of the plugin's, by the index of the request. */
  readonly messages: ReadonlyMap<number, string>;
  /** Why a request has no answer, by its index. */
  readonly errors: ReadonlyMap<number, PluginError>;
}

const MANY_KEYS = [
  'signal',
  'deadlineMs',
  'priority',
  'version',
  'whenFull',
] as const satisfies readonly (keyof ProcessManyOptions)[];

/** Checks what a caller says about many requests. */
export function checkManyOptions(options: ProcessManyOptions): void {
  knownKeys('options', options, MANY_KEYS);
  checkProcessOptions(options);
}

/**
 * Checks packed requests.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when an end is out of order or inside a character, or the bytes are no
 * UTF-8.
 */
export function checkPacked({ bytes, ends }: PackedRequests): void {
  if (!(bytes instanceof Uint8Array)) throw invalidArgument('requests.bytes', 'a Uint8Array', bytes);
  if (typeof ends !== 'object' || ends === null || !Number.isInteger(ends.length)) {
    throw invalidArgument('requests.ends', 'an array of numbers', ends);
  }
  let before = 0;
  for (let index = 0; index < ends.length; index++) {
    const end = ends[index]!;
    if (!Number.isInteger(end) || end < before || end > bytes.length) {
      throw invalidArgument(`requests.ends[${index}]`, `a whole number from ${before} to ${bytes.length}`, end);
    }
    if (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) {
      throw invalidArgument(`requests.ends[${index}]`, 'the end of a character', end);
    }
    before = end;
  }
  if (!isUtf8(bytes.subarray(0, before))) throw invalidArgument('requests.bytes', 'UTF-8', Buffer.from(bytes));
}
