import { type ErrorCode, PluginError, type WireError } from '../errors.ts';
import { isError } from '../text/is-error.ts';
import { systemReason } from '../text/system-error.ts';
import type { WasmFrame } from '../text/wasm-frame.ts';

/** How a command ends: done; the plugin or a record failed; wrong usage or an unusable plugin; too many failures; interrupted. */
export type ExitStatus = 0 | 1 | 2 | 3 | 130 | 143;

/**
 * Ends a command with a status and one line on stderr, and lines below it where it trapped. Status 0 is no failure: what
 * was asked for is not wanted any more.
 */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly status: ExitStatus;
  readonly backtrace: readonly WasmFrame[];

  constructor(status: ExitStatus, message: string, cause?: unknown, backtrace: readonly WasmFrame[] = []) {
    super(message, { cause });
    this.status = status;
    this.backtrace = backtrace;
  }
}

/** What went wrong and what to do about it, in one sentence after the other, with the code to look up at the end. */
export function explain({ code, message, hint }: Pick<WireError, 'code' | 'message' | 'hint'>): string {
  return `${sentence(message)}${hint === undefined ? '' : ` ${sentence(hint)}`} (${code})`;
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** A plugin that cannot be used, or wrong usage: what loading fails with. */
export function unusable(error: unknown): Failure {
  return error instanceof PluginError ? new Failure(2, explain(error), error, error.backtrace) : toFailure(error);
}

/** What the caller has to put right before anything can run. */
const WRONG_USAGE: ReadonlySet<ErrorCode> = new Set(['ERR_INVALID_ARGUMENT', 'ERR_BATCH_JOURNAL']);

/** Any thrown value as the end of a command. What nobody expected is a bug, and says so without a stack trace. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof PluginError && isReaderGone(error.cause)) return new Failure(0, sentence(error.message), error);
  if (error instanceof PluginError && error.code === 'ERR_BATCH_FAILURES') return new Failure(3, explain(error), error);
  if (error instanceof PluginError) return new Failure(WRONG_USAGE.has(error.code) ? 2 : 1, explain(error), error);
  const reason = systemReason(error);
  if (reason !== undefined) return new Failure(1, systemFailure(error as NodeJS.ErrnoException, reason), error);
  const what = isError(error) ? `${error.name}: ${error.message}` : String(error);
  return new Failure(1, `${what}. This should not happen; please report it`, error);
}

function systemFailure({ path, syscall }: NodeJS.ErrnoException, reason: string): string {
  const where = typeof path === 'string' ? ` \`${path}\`` : '';
  return syscall === 'uv_cwd'
    ? `Change into a directory that is there: ${reason}.`
    : `Cannot ${syscall}${where}: ${reason}.`;
}

/** The usual end of `… | head`. */
export function isReaderGone(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'EPIPE';
}

/** A file that could not be used. */
export function fileFailure(what: string, path: string, error: unknown, status: ExitStatus = 2): Failure {
  return new Failure(status, `Cannot ${what} \`${path}\`: ${systemReason(error) ?? String(error)}.`, error);
}
