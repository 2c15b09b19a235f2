import { WitError } from '../../wit-error.ts';
import type { FsErrorCode } from '../filesystem/errno.ts';
import type { ToCode } from './byte-streams.ts';

/** The variant `error-code` of `wasi:filesystem/types@0.3`. */
export interface FileErrorCode {
  readonly tag: Exclude<FsErrorCode, 'would-block'> | 'other';
  readonly val?: undefined;
}

/** 0.3 has no word for what would block: a file that somebody holds a lease of. */
function codeOf(code: FsErrorCode): FileErrorCode {
  return { tag: code === 'would-block' ? 'busy' : code };
}

/** Why a stream of a file ended. */
export const fileError: ToCode<FileErrorCode> = (error) =>
  error === 'closed' ? { tag: 'io' } : codeOf(error.fsCode ?? 'io');

/** Runs a function of WASI 0.2, and throws its errors as 0.3 has them. */
export function inFileErrors<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof WitError && typeof error.payload === 'string') {
      throw new WitError(codeOf(error.payload as FsErrorCode));
    }
    throw error;
  }
}
