import { invalidArgument, knownKeys, MAX_TIMER_MS, type NumberRanges, wholeNumber } from '../arguments/arguments.ts';
import { HANDLER_KEYS, type HandlerOptions, type ResolvedHandlerOptions, resolveHandlerOptions } from './options.ts';

/**
 * A certificate and its key, as PEM: the contents of the files.
 *
 * @example
 * import { readFile } from 'node:fs/promises';
 * import { createServer, type Tls } from 'wasm-plugin-pool/serve';
 *
 * const tls: Tls = { cert: await readFile('cert.pem'), key: await readFile('key.pem') };
 * const server = createServer(engine, { tls });
 */
export interface Tls {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

/**
 * How a server is made.
 *
 * @example
 * const options: ServerOptions = { maxConnections: 200, deadlineMs: 5000 };
 * const server = createServer(engine, options);
 */
export interface ServerOptions extends HandlerOptions {
  /** Serves HTTPS. @default none: HTTP */
  readonly tls?: Tls;
  /** Connections at once; more are closed as they come. @default 1000 */
  readonly maxConnections?: number;
  /** Bytes of a request's headers with its address. @default 16_384 */
  readonly maxHeaderBytes?: number;
  /** Milliseconds in which the headers of a request have to arrive, and a TLS handshake to end. @default 10_000 */
  readonly headersTimeoutMs?: number;
  /** Milliseconds for which a connection may be idle between requests. @default 5000 */
  readonly keepAliveTimeoutMs?: number;
}

type Numbers = 'maxConnections' | 'maxHeaderBytes' | 'headersTimeoutMs' | 'keepAliveTimeoutMs';

/** {@link ServerOptions}, checked and complete. */
export interface ResolvedServerOptions extends Required<Pick<ServerOptions, Numbers>> {
  readonly handler: ResolvedHandlerOptions;
  readonly tls: Tls | undefined;
}

const RANGES: NumberRanges<Pick<ServerOptions, Numbers>> = {
  maxConnections: { min: 1, max: 1_000_000, default: 1000 },
  maxHeaderBytes: { min: 1024, max: 1024 * 1024, default: 16 * 1024 },
  headersTimeoutMs: { min: 100, max: MAX_TIMER_MS, default: 10_000 },
  keepAliveTimeoutMs: { min: 1, max: MAX_TIMER_MS, default: 5000 },
};

/**
 * Checks the options and fills in what they leave out.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  knownKeys('options', options, [...HANDLER_KEYS, ...Object.keys(RANGES), 'tls']);
  const { tls, maxConnections, maxHeaderBytes, headersTimeoutMs, keepAliveTimeoutMs, ...handler } = options;
  const given = { maxConnections, maxHeaderBytes, headersTimeoutMs, keepAliveTimeoutMs };
  const whole = (name: Numbers): number => wholeNumber(name, given[name], RANGES[name]);
  return Object.freeze({
    handler: resolveHandlerOptions(handler),
    tls: resolveTls(tls),
    maxConnections: whole('maxConnections'),
    maxHeaderBytes: whole('maxHeaderBytes'),
    headersTimeoutMs: whole('headersTimeoutMs'),
    keepAliveTimeoutMs: whole('keepAliveTimeoutMs'),
  });
}

function resolveTls(tls: Tls | undefined): Tls | undefined {
  if (tls === undefined) return undefined;
  const { cert, key } = knownKeys('tls', tls, ['cert', 'key']);
  for (const [name, value] of Object.entries({ cert, key })) {
    if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
      throw invalidArgument(`tls.${name}`, 'PEM as a string or bytes', typeof value);
    }
  }
  return tls;
}
