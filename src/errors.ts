import type { WasmFrame } from './text/wasm-frame.ts';

/**
 * Every error that the engine raises, in one table: the code is the stable part, the text here is what
 * `docs/errors.md` says of it (a test holds the two together).
 *
 * @example
 * for (const [code, meaning] of Object.entries(ERROR_CODES)) console.log(code, meaning);
 */
export const ERROR_CODES = {
  ERR_NOT_A_COMPONENT: 'The bytes are a core module or no WebAssembly at all.',
  ERR_INVALID_COMPONENT: 'The component is truncated, malformed or fails validation.',
  ERR_COMPONENT_TOO_COMPLEX: 'Compiling the component could take more memory or time than a bound allows.',
  ERR_COMPILE_TIMEOUT: 'Compiling the component took more CPU time than it may.',
  ERR_INCOMPATIBLE_WIT: 'The component implements none of the worlds of the contract, or with other types.',
  ERR_UNKNOWN_IMPORT: 'The component needs an interface that the host does not offer.',
  ERR_CAPABILITY_DENIED: 'The plugin needs what its policy does not grant.',
  ERR_UNKNOWN_CAPABILITY: 'A grant names a capability that does not exist.',
  ERR_LINK: 'The parts of a composed component do not fit together.',
  ERR_INITIALIZE_FAILED:
    'The plugin could not be started: `initialize` returned an error, trapped or ran over a limit.',
  ERR_CHECK_FAILED: 'The plugin runs and did not pass the self-test or health check that it is loaded with.',
  ERR_TRAP: 'The plugin trapped.',
  ERR_STACK_OVERFLOW: 'The plugin used more stack than its limit.',
  ERR_MEMORY_LIMIT: 'The plugin needed more memory than its limit.',
  ERR_CPU_TIME_LIMIT: 'The plugin used more CPU time than its policy allows for one call.',
  ERR_WALL_TIME_LIMIT: 'The plugin took longer than its policy allows for one call.',
  ERR_INSTRUCTION_LIMIT: 'The plugin ran more instructions than its policy allows for one call.',
  ERR_OUTPUT_LIMIT: 'The plugin returned more bytes than its limit.',
  ERR_HOST_CALL_LIMIT: 'The plugin called the host more often than its limit.',
  ERR_HOST_FUNCTION:
    'A function that the embedder supplies threw, returned what does not fit its type, or cannot be had.',
  ERR_DEADLINE: 'The deadline that the caller gave for the request passed.',
  ERR_ABORTED: 'The caller aborted the request.',
  ERR_QUEUE_FULL: 'The bounded queue is full.',
  ERR_OUTSTANDING_BYTES: 'Inputs and answers that callers have not let go of leave no room for this one.',
  ERR_INVALID_RESPONSE: 'The answer of the plugin is malformed, or is not there.',
  ERR_PLUGIN_NOT_FOUND: 'No plugin, or no such version of it, is loaded under that name.',
  ERR_PLUGIN_QUARANTINED: 'The plugin, or this input to it, is refused for now because it has failed repeatedly.',
  ERR_NO_CANARY: 'The plugin has no canary version.',
  ERR_INVALID_ARGUMENT: 'An argument or option is missing, of the wrong type or out of range.',
  ERR_SIGNATURE: 'The component is not signed, or not by whom `verify` asks for.',
  ERR_REGISTRY: 'A registry of artifacts did not give, or did not take, what was asked of it.',
  ERR_SESSION_ENDED: 'The session has ended: it was closed, its time was over, or its instance is gone.',
  ERR_SESSION_LIMIT: 'As many sessions are open as may be, or one has as many resources as it may hold.',
  ERR_ENGINE_CLOSED: 'The engine is closed or closing.',
  ERR_WORKER_CRASHED: 'The worker thread, or the process that it was in, died for a reason that is none of the above.',
  ERR_UNSUPPORTED_ENVIRONMENT: 'The Node that runs the program, or how it was started, lets no engine run.',
  ERR_BATCH_FILE: 'A file of a batch could not be read or written to its end, or has changed meanwhile.',
  ERR_BATCH_FAILURES: 'A batch had more records without success than `maxFailures` allows.',
  ERR_BATCH_QUEUE: 'The distributed queue of a batch is not usable, or gave up one of its chunks.',
  ERR_BATCH_JOURNAL: 'The journal of a batch is held by another run, or belongs to another batch.',
} as const;

/**
 * A stable error code; see `docs/errors.md`.
 *
 * @example
 * const again: ErrorCode[] = ['ERR_QUEUE_FULL', 'ERR_WORKER_CRASHED'];
 * const isWorthARetry = (error: PluginError) => again.includes(error.code);
 */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The codes of a plugin that ran over one of its limits. */
export const LIMIT_CODES: readonly ErrorCode[] = [
  'ERR_STACK_OVERFLOW',
  'ERR_MEMORY_LIMIT',
  'ERR_CPU_TIME_LIMIT',
  'ERR_WALL_TIME_LIMIT',
  'ERR_INSTRUCTION_LIMIT',
  'ERR_OUTPUT_LIMIT',
  'ERR_HOST_CALL_LIMIT',
];

/**
 * Which kind of trap ended a call; the names are those of the WebAssembly specification, in kebab case.
 *
 * @example
 * const isOverrun = (trap: TrapKind | undefined) => trap === 'out-of-bounds-memory';
 * console.log(isOverrun(new PluginError('ERR_TRAP', 'trapped', { trap: 'unreachable' }).trap));
 */
export type TrapKind =
  | 'unreachable'
  | 'out-of-bounds-memory'
  | 'out-of-bounds-table'
  | 'integer-divide-by-zero'
  | 'integer-overflow'
  | 'invalid-conversion-to-integer'
  | 'indirect-call-type-mismatch'
  | 'null-reference'
  | 'unaligned-atomic'
  | 'cannot-enter'
  | 'uncaught-exception'
  | 'exit'
  | 'other';

/**
 * What a {@link PluginError} knows beside its code and message.
 *
 * @example
 * const details: ErrorDetails = { plugin: 'redact', hint: 'Ask again in a minute.' };
 * throw new PluginError('ERR_QUEUE_FULL', 'No room.', details);
 */
export interface ErrorDetails {
  /** The name under which the plugin is loaded. */
  readonly plugin?: string | undefined;
  /** The version that ran, as `listPlugins()` shows it. */
  readonly version?: string | undefined;
  readonly requestId?: string | undefined;
  /** What to do about it, in one sentence. */
  readonly hint?: string | undefined;
  /** Which trap, for `ERR_TRAP`. */
  readonly trap?: TrapKind | undefined;
  /** The frames of the guest, innermost first, for traps; 32 at the most. */
  readonly backtrace?: readonly WasmFrame[] | undefined;
  /** The policy's field or the fixed bound, and its value, for the codes that name a limit. */
  readonly limit?: { readonly name: string; readonly value: number } | undefined;
  /** Whether the request had begun to run, so that it may have had effects; undefined where there is no request. */
  readonly began?: boolean | undefined;
  /** Milliseconds after which it may go well, where that is known: of a plugin that is not tried for now. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * An error as it crosses a thread boundary, where class identity and own properties of errors are lost.
 *
 * @example
 * const received: WireError = JSON.parse('{"code":"ERR_DEADLINE","message":"Too late."}');
 * console.log(received.code, received.message);
 */
export interface WireError extends Omit<ErrorDetails, 'cause'> {
  readonly code: ErrorCode;
  readonly message: string;
  /** The cause, if there was one: all of it for a PluginError, `name: message` of anything else. */
  readonly cause?: WireError | string | undefined;
}

/** What becomes a property of an error, in the order in which Node prints them. */
const DETAILS = [
  'plugin',
  'version',
  'requestId',
  'hint',
  'trap',
  'backtrace',
  'limit',
  'began',
  'retryAfterMs',
] as const satisfies readonly (keyof ErrorDetails)[];

/**
 * The one class of error that the engine rejects and throws with. `code` is stable across releases; `message` is
 * for people and may change.
 *
 * @example
 * try {
 *   await engine.process('redact', { input: 'mail ada@example.org' }, { deadlineMs: 5 });
 * } catch (error) {
 *   if ((error as PluginError).code !== 'ERR_DEADLINE') throw error;
 * }
 */
export class PluginError extends Error {
  override readonly name: string = 'PluginError';
  readonly code: ErrorCode;
  declare readonly plugin: string | undefined;
  declare readonly version: string | undefined;
  declare readonly requestId: string | undefined;
  declare readonly hint: string | undefined;
  declare readonly trap: TrapKind | undefined;
  declare readonly backtrace: readonly WasmFrame[] | undefined;
  declare readonly limit: { readonly name: string; readonly value: number } | undefined;
  /** Whether the request had begun to run, so that it may have had effects; undefined where there is no request. */
  declare began: boolean | undefined;
  declare readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    // Declared above, so that what is not known is no property: Node prints an error that nobody caught with all of its.
    for (const name of DETAILS) if (details[name] !== undefined) Object.assign(this, { [name]: details[name] });
  }

  /** The same error with what the place that caught it knows: which plugin, which version, which request. */
  with(details: Pick<ErrorDetails, 'plugin' | 'version' | 'requestId' | 'began'>): PluginError {
    return new PluginError(this.code, this.message, { ...this, cause: this.cause, ...details });
  }

  /** `{code, message, …, cause}` without the stack: what the command line prints and what a log wants. */
  toJSON(): WireError {
    return toWire(this);
  }
}

/** Errors behind an error that travel with it: a cause may be anybody's, and go in a circle. */
const MAX_CAUSES = 4;

/** Encodes any thrown value for the trip between threads. What is no PluginError travels as `ERR_WORKER_CRASHED`. */
export function toWire(error: unknown): WireError {
  return encode(error, MAX_CAUSES);
}

function encode(error: unknown, causes: number): WireError {
  if (!(error instanceof PluginError)) {
    return { code: 'ERR_WORKER_CRASHED', message: describe(error) };
  }
  const { code, message, plugin, version, requestId, hint, trap, backtrace, limit, began, retryAfterMs, cause } = error;
  return {
    code,
    message,
    ...(plugin !== undefined && { plugin }),
    ...(version !== undefined && { version }),
    ...(requestId !== undefined && { requestId }),
    ...(hint !== undefined && { hint }),
    ...(trap !== undefined && { trap }),
    ...(backtrace !== undefined && { backtrace }),
    ...(limit !== undefined && { limit }),
    ...(began !== undefined && { began }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(cause !== undefined && {
      cause: cause instanceof PluginError && causes > 0 ? encode(cause, causes - 1) : describe(cause),
    }),
  };
}

/** Decodes what {@link toWire} made. */
export function fromWire(wire: WireError): PluginError {
  const { code, message, cause, ...details } = wire;
  if (cause === undefined) return new PluginError(code, message, details);
  return new PluginError(code, message, {
    ...details,
    cause: typeof cause === 'string' ? new Error(cause) : fromWire(cause),
  });
}

/** One line about a thrown value of any type, `null` and symbols included. */
export function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  if (typeof error === 'string') return error;
  try {
    return String(error);
  } catch {
    return Object.prototype.toString.call(error);
  }
}
