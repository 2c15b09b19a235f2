import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { knownKeys, MAX_TIMER_MS, nonEmptyString, wholeNumber } from '../arguments/arguments.ts';
import type { PluginEngine } from '../engine.ts';
import { PluginError } from '../errors.ts';
import { systemReason } from '../text/system-error.ts';
import { Exchange } from './exchange.ts';
import { Handler } from './handler.ts';
import { assertFromHere, isLoopback } from './loopback.ts';
import { problemOf, refusal } from './problem.ts';
import { type ResolvedServerOptions, resolveServerOptions, type ServerOptions } from './server-options.ts';

/**
 * Where a server listens.
 *
 * @example
 * const where: ListenOptions = { port: 0 };
 * const url = await createServer(engine).listen(where);
 */
export interface ListenOptions {
  /** 0 is any free port. @default 8080 */
  readonly port?: number;
  /** An address or a name. Others than loopback need tokens for clients. @default '127.0.0.1' */
  readonly host?: string;
}

/**
 * How a server is closed.
 *
 * @example
 * const server = createServer(engine);
 * const options: ServerCloseOptions = { graceMs: 30_000 };
 * await server.close(options);
 */
export interface ServerCloseOptions {
  /** Milliseconds that requests have which are under way; then their connections end. @default 10_000 */
  readonly graceMs?: number;
}

/** Milliseconds between two looks for connections whose request is over, while the server closes. */
const IDLE_LOOK_MS = 20;

/**
 * Serves the plugins of an engine over HTTP. Made by {@link createServer}. The engine is its maker's, and stays open.
 *
 * @example
 * const server: PluginServer = createServer(engine);
 * console.log(`Listening on ${await server.listen()}`);
 * process.once('SIGTERM', () => server.close());
 */
export class PluginServer implements AsyncDisposable {
  readonly #options: ResolvedServerOptions;
  readonly #handler: Handler;
  readonly #server: Server;
  readonly #closing = new AbortController();
  /** Node's own list has none that are in the middle of a TLS handshake. */
  readonly #sockets = new Set<Socket>();
  #state: 'open' | 'closing' = 'open';
  #closed: Promise<void> | undefined;

  /** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
  constructor(engine: PluginEngine, options: ServerOptions) {
    this.#options = resolveServerOptions(options);
    const { handler, tls, maxHeaderBytes, headersTimeoutMs, keepAliveTimeoutMs, maxConnections } = this.#options;
    const { isReady } = handler;
    this.#handler = new Handler(
      engine,
      { ...handler, isReady: () => this.#state === 'open' && isReady() },
      this.#closing.signal,
    );
    const settings = {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      handshakeTimeout: headersTimeoutMs,
      // Bodies have limits of their own: a batch may send for as long as it likes.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, 1000),
      noDelay: true,
    };
    this.#server = tls === undefined ? createHttpServer(settings) : secured(settings, tls);
    this.#server.maxConnections = maxConnections;
    this.#server
      .on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      })
      .on('request', (request, response) => this.#handle(request, response, false))
      .on('checkContinue', (request, response) => this.#handle(request, response, true))
      .on('clientError', answerClientError);
  }

  /**
   * Begins to listen. Keeps the process alive until it is closed.
   *
   * @returns Its address, `http://127.0.0.1:8080`.
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, also when it cannot listen there, or others could reach it and there are no
   * tokens for clients.
   */
  async listen(options: ListenOptions = {}): Promise<string> {
    knownKeys('options', options, ['port', 'host']);
    const port = wholeNumber('port', options.port, { min: 0, max: 65_535, default: 8080 });
    const host = nonEmptyString('host', options.host ?? '127.0.0.1');
    const { access } = this.#options.handler;
    if (!isLoopback(host) && !access.isClosed) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `Others could reach \`${host}\`, and clients need no token`, {
        hint: 'Give `tokens.clients`, or listen on 127.0.0.1.',
      });
    }
    this.#server.listen(port, host);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      throw new PluginError(
        'ERR_INVALID_ARGUMENT',
        `Cannot listen on ${host}:${port}: ${systemReason(error) ?? error}`,
        {
          hint: 'Choose another port, or 0 for any that is free.',
          cause: error,
        },
      );
    }
    return this.#url(host);
  }

  /**
   * Closes it in order: `/readyz` says no, nothing new is taken, what is under way is answered, within `graceMs`.
   */
  close(options: ServerCloseOptions = {}): Promise<void> {
    knownKeys('options', options, ['graceMs']);
    const graceMs = wholeNumber('graceMs', options.graceMs, { min: 0, max: MAX_TIMER_MS, default: 10_000 });
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  /** `await using server = …` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#state = 'closing';
    this.#closing.abort();
    const server = this.#server;
    if (!server.listening) return;
    const closed = once(server, 'close');
    // Idle connections go at once, the others after their answer.
    server.close();
    const looks = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS);
    const timer = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearInterval(looks);
    clearTimeout(timer);
  }

  #handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    if (this.#state === 'closing') response.setHeader('connection', 'close');
    if (!this.#options.handler.access.isClosed) {
      try {
        assertFromHere(request.headers);
      } catch (error) {
        new Exchange(request, response).sendProblem(problemOf(error));
        return;
      }
    }
    this.#handler.handle(request, response, request.url ?? '/', expectsContinue);
  }

  #url(host: string): string {
    const { port } = this.#server.address() as AddressInfo;
    const scheme = this.#options.tls === undefined ? 'http' : 'https';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
}

/**
 * A server for the plugins of an engine. It does not listen yet.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 *
 * @example
 * const server = createServer(engine, { tokens: { clients: { web: process.env.WEB_TOKEN! } } });
 * await server.listen({ host: '0.0.0.0', port: 8080 });
 */
export function createServer(engine: PluginEngine, options: ServerOptions = {}): PluginServer {
  return new PluginServer(engine, options);
}

function secured(settings: object, { cert, key }: NonNullable<ServerOptions['tls']>): Server {
  try {
    return createHttpsServer({ ...settings, cert: Buffer.from(cert), key: Buffer.from(key) });
  } catch (error) {
    throw new PluginError('ERR_INVALID_ARGUMENT', 'The certificate and its key cannot be used', {
      hint: 'Give both as PEM, the certificate with its chain; the key without a passphrase.',
      cause: error,
    });
  }
}

/** What is no HTTP, has headers that are too long, or takes too long to send them: there is no request to answer. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed || !socket.writable) return;
  // What is said in the middle of an answer would be part of it. Node's own handler looks at the same.
  const { _httpMessage: answer } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
  if (answer?.headersSent) {
    socket.destroy();
    return;
  }
  const { details } = CLIENT_ERRORS[error.code ?? ''] ?? refusal(400, 'This is no HTTP.');
  const body = `${JSON.stringify(details)}\n`;
  const { status } = details;
  const head = [
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
  // A client that does not read its end keeps nothing open.
  setTimeout(() => socket.destroy(), 1000).unref();
}

const CLIENT_ERRORS: Readonly<Record<string, ReturnType<typeof refusal>>> = {
  HPE_HEADER_OVERFLOW: refusal(431, 'The headers are too long.'),
  ERR_HTTP_REQUEST_TIMEOUT: refusal(408, 'The headers did not arrive in time.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: refusal(413, 'The chunk extensions are too long.'),
};
