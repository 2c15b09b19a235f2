import { getSystemErrorMessage } from 'node:util';

/**
 * What the operating system said, in words; undefined for other errors, those of zlib among them: their numbers are its
 * own.
 */
export function systemReason(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('errno' in error)) return undefined;
  return typeof error.errno === 'number' ? getSystemErrorMessage(error.errno) : undefined;
}
