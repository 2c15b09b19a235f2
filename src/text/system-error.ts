import util from 'node:util';
import { isError } from './is-error.ts';

/** What to do about what the operating system said, where that is about the process and not about what was asked. */
export function systemHint(error: unknown): string | undefined {
  const code = isError(error) && 'code' in error ? error.code : undefined;
  if (code === 'EMFILE') return 'Raise the number of files that the process may have open (`ulimit -n`).';
  return code === 'ENFILE' ? 'The system has too many open files: close some, or raise `fs.file-max`.' : undefined;
}

/**
 * What the operating system said, in words; undefined for other errors, those of zlib among them: their numbers are its
 * own.
 */
export function systemReason(error: unknown): string | undefined {
  if (!isError(error) || !('syscall' in error) || !('errno' in error)) return undefined;
  if (error.syscall === 'uv_cwd') return 'the working directory is not there any more';
  return typeof error.errno === 'number' ? util.getSystemErrorMessage(error.errno) : undefined;
}
