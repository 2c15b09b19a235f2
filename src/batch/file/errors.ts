import { PluginError } from '../../errors.ts';
import { isError } from '../../text/is-error.ts';
import { systemReason } from '../../text/system-error.ts';

function reason(error: unknown): string {
  return systemReason(error) ?? (isError(error) ? error.message : String(error));
}

/** A file that could not be used at all: the caller named the wrong one. */
export function unusableFile(what: string, path: string, cause: unknown): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `Cannot ${what} \`${path}\`: ${reason(cause)}`, { cause });
}

/** A file that failed while the batch ran. */
export function brokenFile(what: string, path: string, cause: unknown, hint?: string): PluginError {
  return new PluginError('ERR_BATCH_FILE', `Cannot go on ${what} \`${path}\`: ${reason(cause)}`, { cause, hint });
}
