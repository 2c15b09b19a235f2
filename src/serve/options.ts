import { invalidArgument, knownKeys, MAX_TIMER_MS, type NumberRanges, wholeNumber } from '../arguments/arguments.ts';
import { checkFormat, type PrometheusFormat } from '../observe/prometheus-format.ts';
import { Access, type Tokens } from './access.ts';
import type { AuditEntry } from './audit.ts';

/**
 * What a server, or a handler in somebody else's, may do for whom.
 *
 * @example
 * const options: HandlerOptions = { deadlineMs: 5000, maxBodyBytes: 64 * 1024 };
 * const server = createServer(engine, options);
 */
export interface HandlerOptions {
  /**
   * Who may ask. Without tokens for clients every request that arrives is a client's; without one for administration there
   * is none. @default none
   */
  readonly tokens?: Tokens;
  /** Bytes of a body, and of a line of a batch. @default 1_048_576 */
  readonly maxBodyBytes?: number;
  /** Bytes of a component that an administrator uploads. @default 67_108_864 */
  readonly maxComponentBytes?: number;
  /** Milliseconds that a request has, and the most that a client may ask for. @default 60_000 */
  readonly deadlineMs?: number;
  /**
   * Milliseconds that a request has at the least: one that asks for less gets this. A plugin with a `failurePolicy` is
   * blamed for requests that it does not answer in time, and so any client could have its circuit opened by asking for a
   * time in which it cannot. @default 1
   */
  readonly minDeadlineMs?: number;
  /**
   * Milliseconds in which a body has to arrive, and for which a batch or an answer may stand still because its client
   * neither sends nor reads. @default 30_000
   */
  readonly bodyTimeoutMs?: number;
  /** Records of one batch that are in flight at once. @default 64 */
  readonly maxConcurrency?: number;
  /** How much of the engine's numbers `/metrics` has. @default everything */
  readonly metrics?: PrometheusFormat;
  /** Hears of every administrative call, also of those that were refused. @default nobody */
  readonly audit?: (entry: AuditEntry) => void;
  /** Hears what clients are not told of a request that failed with a status of 500 or above. @default nobody */
  readonly onFailure?: (failure: RequestFailure) => void;
  /** Whether plugins are there that are to be: what `/readyz` says. @default always */
  readonly isReady?: () => boolean;
}

/**
 * A request that failed, for the log of whoever runs the server.
 *
 * @example
 * const onFailure = ({ requestId, error }: RequestFailure) => console.error(requestId, error);
 * const server = createServer(engine, { onFailure });
 */
export interface RequestFailure {
  readonly requestId: string;
  readonly status: number;
  readonly error: unknown;
}

type Numbers =
  | 'maxBodyBytes'
  | 'maxComponentBytes'
  | 'deadlineMs'
  | 'minDeadlineMs'
  | 'bodyTimeoutMs'
  | 'maxConcurrency';

/** {@link HandlerOptions}, checked and complete. */
export interface ResolvedHandlerOptions extends Required<Omit<HandlerOptions, 'tokens'>> {
  readonly access: Access;
}

const MAX_BYTES = 2 ** 31 - 1;

const RANGES: NumberRanges<Pick<HandlerOptions, Numbers>> = {
  maxBodyBytes: { min: 1, max: MAX_BYTES, default: 1024 * 1024 },
  maxComponentBytes: { min: 1, max: MAX_BYTES, default: 64 * 1024 * 1024 },
  deadlineMs: { min: 1, max: MAX_TIMER_MS, default: 60_000 },
  minDeadlineMs: { min: 1, max: MAX_TIMER_MS, default: 1 },
  bodyTimeoutMs: { min: 1, max: MAX_TIMER_MS, default: 30_000 },
  maxConcurrency: { min: 1, max: 100_000, default: 64 },
};

export const HANDLER_KEYS: readonly (keyof HandlerOptions)[] = [
  'tokens',
  'maxBodyBytes',
  'maxComponentBytes',
  'deadlineMs',
  'minDeadlineMs',
  'bodyTimeoutMs',
  'maxConcurrency',
  'metrics',
  'audit',
  'onFailure',
  'isReady',
];

/**
 * Checks the options and fills in what they leave out.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function resolveHandlerOptions(options: HandlerOptions): ResolvedHandlerOptions {
  knownKeys('options', options, HANDLER_KEYS);
  const whole = (name: Numbers): number => wholeNumber(name, options[name], RANGES[name]);
  const deadlineMs = whole('deadlineMs');
  const minDeadlineMs = whole('minDeadlineMs');
  if (minDeadlineMs > deadlineMs) {
    throw invalidArgument('minDeadlineMs', `no more than \`deadlineMs\`, which is ${deadlineMs}`, minDeadlineMs);
  }
  return Object.freeze({
    access: new Access(options.tokens ?? {}),
    maxBodyBytes: whole('maxBodyBytes'),
    maxComponentBytes: whole('maxComponentBytes'),
    deadlineMs,
    minDeadlineMs,
    bodyTimeoutMs: whole('bodyTimeoutMs'),
    maxConcurrency: whole('maxConcurrency'),
    metrics: checkFormat('metrics', options.metrics ?? {}),
    audit: callback('audit', options.audit) ?? (() => {}),
    onFailure: callback('onFailure', options.onFailure) ?? (() => {}),
    isReady: callback('isReady', options.isReady) ?? (() => true),
  });
}

function callback<Callback>(name: string, value: Callback | undefined): Callback | undefined {
  if (value !== undefined && typeof value !== 'function') throw invalidArgument(name, 'a function', value);
  return value;
}
