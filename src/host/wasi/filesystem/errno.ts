import { isError } from '../../../text/is-error.ts';
import { WitError } from '../../wit-error.ts';

/** The enum `error-code` of `wasi:filesystem/types@0.2`. */
export type FsErrorCode =
  | 'access'
  | 'would-block'
  | 'already'
  | 'bad-descriptor'
  | 'busy'
  | 'deadlock'
  | 'quota'
  | 'exist'
  | 'file-too-large'
  | 'illegal-byte-sequence'
  | 'in-progress'
  | 'interrupted'
  | 'invalid'
  | 'io'
  | 'is-directory'
  | 'loop'
  | 'too-many-links'
  | 'message-size'
  | 'name-too-long'
  | 'no-device'
  | 'no-entry'
  | 'no-lock'
  | 'insufficient-memory'
  | 'insufficient-space'
  | 'not-directory'
  | 'not-empty'
  | 'not-recoverable'
  | 'unsupported'
  | 'no-tty'
  | 'no-such-device'
  | 'overflow'
  | 'not-permitted'
  | 'pipe'
  | 'read-only'
  | 'invalid-seek'
  | 'text-file-busy'
  | 'cross-device';

const CODES: ReadonlyMap<string, FsErrorCode> = new Map<string, FsErrorCode>([
  ['EACCES', 'access'],
  ['EAGAIN', 'would-block'],
  ['EWOULDBLOCK', 'would-block'],
  ['EALREADY', 'already'],
  ['EBADF', 'bad-descriptor'],
  ['EBUSY', 'busy'],
  ['EDEADLK', 'deadlock'],
  ['EDQUOT', 'quota'],
  ['EEXIST', 'exist'],
  ['EFBIG', 'file-too-large'],
  ['EILSEQ', 'illegal-byte-sequence'],
  ['EINPROGRESS', 'in-progress'],
  ['EINTR', 'interrupted'],
  ['EINVAL', 'invalid'],
  ['EIO', 'io'],
  ['EISDIR', 'is-directory'],
  ['ELOOP', 'loop'],
  ['EMLINK', 'too-many-links'],
  ['EMSGSIZE', 'message-size'],
  ['ENAMETOOLONG', 'name-too-long'],
  ['ENODEV', 'no-device'],
  ['ENOENT', 'no-entry'],
  ['ENOLCK', 'no-lock'],
  ['ENOMEM', 'insufficient-memory'],
  // The interface has no word for a full table of open files, the process's or the system's: it is a share that is used up.
  ['EMFILE', 'quota'],
  ['ENFILE', 'quota'],
  ['ENOSPC', 'insufficient-space'],
  ['ENOTDIR', 'not-directory'],
  ['ENOTEMPTY', 'not-empty'],
  ['ENOTRECOVERABLE', 'not-recoverable'],
  ['ENOTSUP', 'unsupported'],
  ['EOPNOTSUPP', 'unsupported'],
  ['ENOSYS', 'unsupported'],
  ['ENOTTY', 'no-tty'],
  ['ENXIO', 'no-such-device'],
  ['EOVERFLOW', 'overflow'],
  ['EPERM', 'not-permitted'],
  ['EPIPE', 'pipe'],
  ['EROFS', 'read-only'],
  ['ESPIPE', 'invalid-seek'],
  ['ETXTBSY', 'text-file-busy'],
  ['EXDEV', 'cross-device'],
]);

/** The error of a file function, to be thrown. */
export function fsError(code: FsErrorCode): WitError<FsErrorCode> {
  return new WitError(code);
}

/** The system error code of what a function of `node:fs` threw; undefined for anything else. */
export function errno(error: unknown): string | undefined {
  return isError(error) && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}

/**
 * The interface's own error for what a function of `node:fs` threw. Only the code crosses over: the message of a Node
 * error holds paths of the host. What is no system error is a bug of ours and passes through.
 */
export function systemError(error: unknown): unknown {
  const name = errno(error);
  return name === undefined ? error : fsError(CODES.get(name) ?? 'io');
}

/** Runs system calls; their failure is thrown as {@link systemError} has it. */
export function syscall<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw systemError(error);
  }
}
