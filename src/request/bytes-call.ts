import { Buffer } from 'node:buffer';
import { outputLimit } from '../canonical-abi/glue.ts';
import type { ContractMatch } from '../contract/match.ts';
import type { BytesResponse } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { type BytesRequest, type ProcessRequest, resolveRequestOptions } from './request.ts';

/** A request on bytes as the call that it is. */
export interface BytesCallOf {
  readonly path: string;
  readonly args: readonly [input: Uint8Array, options: ReturnType<typeof resolveRequestOptions>];
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for a plugin that takes text, or options that are none. */
export function bytesCall(
  { world, exportName }: Pick<ContractMatch, 'world' | 'exportName'>,
  { input, options }: BytesRequest,
): BytesCallOf {
  if (world !== 'plugin-bytes') {
    throw new PluginError(
      'ERR_INVALID_ARGUMENT',
      `\`request.input\` is bytes, and the plugin is none of the world plugin-bytes${world === 'none' ? '' : `: it is one of ${world}, which takes text`}`,
      { hint: 'Give it a string, or build it against `plugin-bytes` of `wit/bytes-and-batches.wit`.' },
    );
  }
  return { path: `${exportName}#process-bytes`, args: [input, resolveRequestOptions(options)] };
}

export function isBytes(request: ProcessRequest | BytesRequest): request is BytesRequest {
  return request?.input instanceof Uint8Array;
}

/**
 * What `process-bytes` returned, as a response.
 *
 * @throws {PluginError} `ERR_OUTPUT_LIMIT`: calls may return somewhat more than the limit, answers to requests may not.
 */
export function bytesResponse(returned: unknown, maxOutputBytes: number): BytesResponse {
  const { tag, val } = returned as
    | { readonly tag: 'ok'; readonly val: Uint8Array }
    | { readonly tag: 'err'; readonly val: string };
  const bytes = tag === 'ok' ? val.byteLength : Buffer.byteLength(val);
  if (bytes > maxOutputBytes) throw outputLimit(bytes, maxOutputBytes);
  if (tag === 'ok') return { output: val, success: true };
  return { output: new Uint8Array(0), success: false, errorMessage: val };
}
