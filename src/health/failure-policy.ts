import {
  knownKeys,
  MAX_TIMER_MS,
  type NumberRange,
  type NumberRanges,
  nonEmptyString,
  wholeNumber,
} from '../arguments/arguments.ts';
import { type ErrorCode, LIMIT_CODES } from '../errors.ts';

/**
 * What is done about a plugin that fails over and over.
 *
 * @example
 * const failurePolicy: FailurePolicy = { maxFailures: 5, backoffMs: 1000, fallback: 'plain' };
 * await engine.loadPlugin('redact', 'redact.wasm', { failurePolicy });
 */
export interface FailurePolicy {
  /** Failures in a row, with no answer between them, that open the circuit. @default 5 */
  readonly maxFailures?: number;
  /**
   * Milliseconds from the opening until one request may try the plugin again. Doubles each time that this fails; up to
   * half of it is left out by chance, so that many processes do not try in step. @default 1000
   */
  readonly backoffMs?: number;
  /** What {@link backoffMs} grows to at most. @default 60_000 */
  readonly maxBackoffMs?: number;
  /** What takes the requests while the circuit is open: another plugin, or a version of this one. @default none: they fail */
  readonly fallback?: string | { readonly version: string };
  /** Workers that one input may kill before it is refused. @default 3 */
  readonly maxKills?: number;
}

/** A failure policy with every field present, checked. */
export interface ResolvedFailurePolicy extends Required<Omit<FailurePolicy, 'fallback'>> {
  readonly fallback: FailurePolicy['fallback'];
}

/**
 * What counts as a failure of the plugin: it ran into a limit, or crashed. Neither its own `success: false` does, nor
 * what its callers or the engine brought about.
 */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  'ERR_INITIALIZE_FAILED',
  'ERR_TRAP',
  ...LIMIT_CODES,
  'ERR_INVALID_RESPONSE',
  'ERR_WORKER_CRASHED',
] as const satisfies readonly ErrorCode[]);

/** Whether an error with this code is held against the plugin. */
export function isFailure(code: ErrorCode): boolean {
  return FAILURES.has(code);
}

/** The whole numbers of a failure policy: what is checked, and what `schemas/plugin-options.json` says. */
export const FAILURE_POLICY_NUMBERS: NumberRanges<FailurePolicy> = {
  maxFailures: { min: 1, max: Number.MAX_SAFE_INTEGER, default: 5 },
  backoffMs: { min: 1, max: MAX_TIMER_MS, default: 1000 },
  maxBackoffMs: { min: 1, max: MAX_TIMER_MS, default: 60_000 },
  maxKills: { min: 1, max: Number.MAX_SAFE_INTEGER, default: 3 },
};

/**
 * Checks a failure policy and fills in what it leaves out.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function resolveFailurePolicy(policy: FailurePolicy): ResolvedFailurePolicy {
  knownKeys('failurePolicy', policy, [...Object.keys(FAILURE_POLICY_NUMBERS), 'fallback']);
  const whole = (
    name: keyof typeof FAILURE_POLICY_NUMBERS,
    range: NumberRange = FAILURE_POLICY_NUMBERS[name],
  ): number => wholeNumber(`failurePolicy.${name}`, policy[name], range);
  const backoffMs = whole('backoffMs');
  // A backoff cannot grow to less than it is.
  const { max, default: growsTo } = FAILURE_POLICY_NUMBERS.maxBackoffMs;
  return Object.freeze({
    maxFailures: whole('maxFailures'),
    backoffMs,
    maxBackoffMs: whole('maxBackoffMs', { min: backoffMs, max, default: Math.max(growsTo, backoffMs) }),
    fallback: resolveFallback(policy.fallback),
    maxKills: whole('maxKills'),
  });
}

function resolveFallback(fallback: unknown): FailurePolicy['fallback'] {
  if (fallback === undefined) return undefined;
  if (typeof fallback === 'string') return nonEmptyString('failurePolicy.fallback', fallback);
  const { version } = knownKeys('failurePolicy.fallback', fallback, ['version']);
  return { version: nonEmptyString('failurePolicy.fallback.version', version) };
}

/** `failed 5 times in a row, last with ERR_TRAP`. */
export function failedHow(failures: number, code: ErrorCode | undefined): string {
  return failures === 1 ? `failed once, with ${code}` : `failed ${failures} times in a row, last with ${code}`;
}
