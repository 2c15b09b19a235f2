import { type ErrorCode, PluginError } from '../errors.ts';

/** How an error of the engine's is told to a client. */
interface Telling {
  readonly status: number;
  /** What happened, in words that name nothing of the host and no other plugin (invariant 20). */
  readonly title: string;
  /**
   * Whether the error's own message says more than the title and is safe: made of the engine's words, of limits and of what
   * the client itself sent. A trap's is not, as it ends with what the plugin wrote to standard error, paths included.
   */
  readonly detail?: 'its message';
  /** Seconds after which the client may try again. */
  readonly retryAfterS?: number;
}

/** A request that failed for no fault of the client's is one that a gateway reports: 502, 503, 504. */
const TELLINGS: Readonly<Record<ErrorCode, Telling>> = {
  ERR_NOT_A_COMPONENT: { status: 422, title: 'The body is no WebAssembly component.' },
  ERR_INVALID_COMPONENT: { status: 422, title: 'The component is malformed.' },
  ERR_COMPONENT_TOO_COMPLEX: { status: 422, title: 'Compiling the component could take too much.' },
  ERR_COMPILE_TIMEOUT: { status: 422, title: 'Compiling the component took too long.' },
  ERR_INCOMPATIBLE_WIT: { status: 422, title: 'The component does not implement the contract.' },
  ERR_UNKNOWN_IMPORT: { status: 422, title: 'The component needs an interface that the host does not offer.' },
  ERR_CAPABILITY_DENIED: { status: 502, title: 'The plugin needs what its policy does not grant.' },
  ERR_UNKNOWN_CAPABILITY: { status: 400, title: 'There is no such capability.' },
  ERR_LINK: { status: 422, title: 'The parts of the component do not fit together.' },
  ERR_INITIALIZE_FAILED: { status: 502, title: 'The plugin could not be started.' },
  ERR_CHECK_FAILED: { status: 502, title: 'The plugin did not pass its check.' },
  ERR_TRAP: { status: 502, title: 'The plugin crashed.' },
  ERR_STACK_OVERFLOW: { status: 502, title: 'The plugin ran into its limit of stack.' },
  ERR_MEMORY_LIMIT: { status: 502, title: 'The plugin ran into its limit of memory.' },
  ERR_CPU_TIME_LIMIT: { status: 502, title: 'The plugin ran into its limit of CPU time.' },
  ERR_WALL_TIME_LIMIT: { status: 504, title: 'The plugin ran into its limit of time.' },
  ERR_INSTRUCTION_LIMIT: { status: 502, title: 'The plugin ran into its limit of instructions.' },
  ERR_OUTPUT_LIMIT: { status: 502, title: 'The plugin ran into its limit of output.' },
  ERR_HOST_CALL_LIMIT: { status: 502, title: 'The plugin ran into its limit of host calls.' },
  ERR_HOST_FUNCTION: { status: 502, title: 'A function that the plugin needs failed.' },
  ERR_DEADLINE: { status: 504, title: 'The request was not done within its deadline.', detail: 'its message' },
  ERR_ABORTED: { status: 503, title: 'The request was given up.' },
  ERR_QUEUE_FULL: { status: 429, title: 'There are too many requests.', retryAfterS: 1 },
  ERR_OUTSTANDING_BYTES: { status: 429, title: 'The requests that are under way hold too much.', retryAfterS: 1 },
  ERR_INVALID_RESPONSE: { status: 502, title: 'The answer of the plugin is malformed.' },
  ERR_PLUGIN_NOT_FOUND: { status: 404, title: 'There is no such plugin, or no such version of it.' },
  ERR_PLUGIN_QUARANTINED: { status: 503, title: 'The plugin has failed repeatedly and is not tried for now.' },
  ERR_NO_CANARY: { status: 409, title: 'The plugin has no canary version, and none to go back to.' },
  ERR_INVALID_ARGUMENT: { status: 400, title: 'The request is not as it should be.', detail: 'its message' },
  ERR_SIGNATURE: { status: 422, title: 'The plugin is not signed by whom it has to be.' },
  ERR_REGISTRY: { status: 502, title: 'The plugin could not be had from its registry.' },
  ERR_SESSION_ENDED: { status: 410, title: 'The session has ended.' },
  ERR_SESSION_LIMIT: { status: 503, title: 'Too many sessions are open.', retryAfterS: 1 },
  ERR_ENGINE_CLOSED: { status: 503, title: 'The server is stopping.', retryAfterS: 1 },
  ERR_WORKER_CRASHED: { status: 502, title: 'The plugin could not be run.' },
  ERR_UNSUPPORTED_ENVIRONMENT: { status: 500, title: 'The server cannot run plugins.' },
  ERR_BATCH_FILE: { status: 500, title: 'The batch could not go on.' },
  ERR_BATCH_FAILURES: { status: 500, title: 'The batch could not go on.' },
  ERR_BATCH_QUEUE: { status: 500, title: 'The batch could not go on.' },
  ERR_BATCH_JOURNAL: { status: 500, title: 'The batch could not go on.' },
};

/** What a client is told of a failure: RFC 9457, as far as it is the same for every request. */
export interface ProblemDetails {
  /** `urn:wasm-plugin-pool:ERR_TRAP` for an error of the engine's, else `about:blank`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The code of an error of the engine's. */
  readonly code?: ErrorCode;
  /** Which trap, for `ERR_TRAP`. */
  readonly trap?: string;
  /** The limit that was reached, for the codes of limits. */
  readonly limit?: { readonly name: string; readonly value: number };
}

/** A request that cannot be answered: what the client is told, and the error behind it for the server's own log. */
export class Problem extends Error {
  override readonly name: string = 'Problem';
  readonly details: ProblemDetails;
  readonly headers: Readonly<Record<string, string>>;

  constructor(details: ProblemDetails, headers: Readonly<Record<string, string>> = {}, cause?: unknown) {
    super(details.detail ?? details.title, { cause });
    this.details = details;
    this.headers = headers;
  }
}

/** A problem with how a client speaks to the server, which no plugin has to do with. */
export function refusal(
  status: number,
  title: string,
  detail?: string,
  headers: Readonly<Record<string, string>> = {},
): Problem {
  return new Problem({ type: 'about:blank', title, status, ...(detail !== undefined && { detail }) }, headers);
}

/**
 * Any thrown value as what a client is told.
 *
 * @param reader An administrator is told everything that the error says.
 */
export function problemOf(error: unknown, reader: 'client' | 'administrator' = 'client'): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof PluginError)) {
    return new Problem({ type: 'about:blank', title: 'Something went wrong in the server.', status: 500 }, {}, error);
  }
  const { code, trap, limit } = error;
  const { status, title, retryAfterS } = tellingOf(error);
  const detail = detailOf(error, reader);
  return new Problem(
    {
      type: `urn:wasm-plugin-pool:${code}`,
      title,
      status,
      ...(detail !== undefined && { detail }),
      code,
      ...(trap !== undefined && { trap }),
      ...(limit !== undefined && code !== 'ERR_QUEUE_FULL' && { limit }),
    },
    retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) },
    error,
  );
}

function tellingOf({ code, retryAfterMs }: PluginError): Telling {
  const telling = TELLINGS[code];
  if (code !== 'ERR_PLUGIN_QUARANTINED') return telling;
  if (retryAfterMs !== undefined) return { ...telling, retryAfterS: Math.max(Math.ceil(retryAfterMs / 1000), 1) };
  // It is the input that is refused, and will be the next time too.
  return { status: 422, title: 'This input has ended the plugin repeatedly and is refused.' };
}

function detailOf({ code, message, hint }: PluginError, reader: 'client' | 'administrator'): string | undefined {
  if (reader === 'administrator') return hint === undefined ? message : `${message}. ${hint}`;
  return TELLINGS[code].detail === undefined ? undefined : message;
}
