import { invalidArgument, knownKeys, MAX_TIMER_MS, nonEmptyString, wholeNumber } from '../arguments/arguments.ts';

/**
 * How a session is opened.
 *
 * @example
 * const options: SessionOptions = { idleMs: 10_000, maxMs: 60_000 };
 * const session = await engine.session('shop', options);
 */
export interface SessionOptions {
  /** The version that the session is on until it ends. @default the stable one */
  readonly version?: string;
  /** Milliseconds without a call after which it ends. @default 60_000 */
  readonly idleMs?: number;
  /** Milliseconds after which it ends in any case, with the call that runs then. @default 600_000 */
  readonly maxMs?: number;
  /** Milliseconds that opening it may take, which includes the wait for a thread and for memory. @default none */
  readonly deadlineMs?: number;
  /** Gives the opening up; what is open already it does not end. */
  readonly signal?: AbortSignal;
}

/** {@link SessionOptions}, filled in. */
export interface ResolvedSessionOptions {
  readonly version: string | undefined;
  readonly idleMs: number;
  readonly maxMs: number;
  readonly deadlineMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

const KEYS = ['version', 'idleMs', 'maxMs', 'deadlineMs', 'signal'] as const satisfies (keyof SessionOptions)[];

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function resolveSessionOptions(options: SessionOptions): ResolvedSessionOptions {
  knownKeys('options', options, KEYS);
  const { version, deadlineMs, signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument('signal', 'an AbortSignal', signal);
  const milliseconds = (name: 'idleMs' | 'maxMs' | 'deadlineMs', fallback: number): number =>
    wholeNumber(name, options[name], { min: 1, max: MAX_TIMER_MS, default: fallback });
  return {
    version: version === undefined ? undefined : nonEmptyString('version', version),
    idleMs: milliseconds('idleMs', 60_000),
    maxMs: milliseconds('maxMs', 600_000),
    deadlineMs: deadlineMs === undefined ? undefined : milliseconds('deadlineMs', 1),
    signal,
  };
}
