import { readRegularFile } from '../arguments/regular-file.ts';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import { PluginError, type WireError } from '../errors.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { systemReason } from '../text/system-error.ts';
import type { HostCallEntry } from './tape.ts';

/** Changes when files of before can no longer be read. */
export const FORMAT = 1;

/** What the values of `config` that were left out are replaced with. */
export const LEFT_OUT = '(left out)';

/** More than `maxBytes` can be. */
const MAX_BYTES = 128 * 2 ** 20;

/**
 * One request of a plugin, with all that its answer follows from, but the component itself.
 *
 * @example
 * const isSlow = ({ request }: Recording) => request.input.length > 1000;
 * await engine.loadPlugin('redact', 'redact.wasm', { record: { directory: 'recordings', when: isSlow } });
 */
export interface Recording {
  readonly format: 1;
  /** When it was over, in ISO 8601. */
  readonly time: string;
  readonly plugin: string;
  readonly version: string;
  /** Of the component, in hexadecimal. */
  readonly sha256: string;
  readonly policy: ResolvedPolicy;
  readonly config: Readonly<Record<string, string>>;
  /** Names of `config` whose values are not here. */
  readonly leftOut: readonly string[];
  readonly request: { readonly requestId: string; readonly input: string; readonly options: RequestOptions };
  /** Requests that the instance had served before; undefined where the request was over before it came to one. */
  readonly served?: number;
  /** The calls to the host by which the instance came up, and those of the request, in their order. */
  readonly start: readonly HostCallEntry[];
  readonly calls: readonly HostCallEntry[];
  /** Why there were more calls than are here; undefined where there were not. */
  readonly gap?: string;
  readonly outcome: { readonly response: PluginResponse } | { readonly error: WireError };
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for a file that is no recording, or of another format. */
export async function readRecording(path: string): Promise<Recording> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(await readRegularFile(path, MAX_BYTES)));
  } catch (error) {
    if (error instanceof SyntaxError) throw unusable(path, `it is not JSON: ${error.message}`);
    throw unusable(path, systemReason(error) ?? (error as Error).message);
  }
  const { format } = (value ?? {}) as Partial<Recording>;
  if (format !== undefined && format !== FORMAT) throw unusable(path, `it has the format ${cleanLogLine(`${format}`)}`);
  if (!isRecording(value)) throw unusable(path, 'it is no recording');
  return value;
}

/** Whether a value is what a recorder makes, as far as who reads it relies on. */
export function isRecording(value: unknown): value is Recording {
  const { format, time, plugin, version, sha256, policy, config, leftOut, request, start, calls, outcome } = (value ??
    {}) as Partial<Recording>;
  return (
    format === FORMAT &&
    [time, plugin, version, sha256, request?.input, request?.requestId].every((text) => typeof text === 'string') &&
    [policy, config, outcome].every((object) => typeof object === 'object' && object !== null) &&
    [leftOut, request?.options, start, calls].every(Array.isArray) &&
    [...leftOut!, ...Object.values(config!)].every((text) => typeof text === 'string') &&
    request!.options.every((pair) => Array.isArray(pair) && pair.length === 2) &&
    [...start!, ...calls!].every((entry) => typeof entry?.name === 'string' && Array.isArray(entry.args)) &&
    (isFailure(outcome!) ? isWireError(outcome.error) : typeof outcome!.response?.output === 'string')
  );
}

/** As far as anything is made of it: its frames are held against others. */
function isWireError({ code, message, backtrace = [] }: Partial<WireError> = {}): boolean {
  return (
    typeof code === 'string' &&
    typeof message === 'string' &&
    Array.isArray(backtrace) &&
    backtrace.every((frame) => typeof frame?.offset === 'number')
  );
}

/** Whether the request failed, and was not answered. */
export function isFailure(outcome: Recording['outcome']): outcome is { readonly error: WireError } {
  return 'error' in outcome;
}

function unusable(path: string, why: string): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `Cannot use the recording \`${cleanLogLine(path)}\`: ${why}`, {
    hint: 'Recordings are the files that the option `record` of a load has written.',
  });
}
