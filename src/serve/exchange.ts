import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Caller } from './access.ts';
import type { Problem } from './problem.ts';

/** Where ids begin that the server gives: those of two servers are not to be the same in one log. */
const ID_PREFIX = `h${randomBytes(4).toString('hex')}-`;
/** What a client may call its request: nothing that could forge a line of a log. */
const CLIENT_ID = /^[\w.:+/=-]{1,128}$/;
/** Plugins are not to be trusted, and a browser that shows what one says is to run none of it. */
const NO_SCRIPTS = "default-src 'none'; sandbox";

const NO_QUERY = new URLSearchParams();

let lastId = 0;

/** One request over HTTP and the answer to it. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  /** What stands behind the question mark. */
  readonly query: URLSearchParams;
  /** Who asks; known before anything is done. */
  caller: Caller = { name: 'unknown', right: 'client' };
  /** What the audit log is to say beside the rest. */
  readonly audited: Record<string, unknown> = {};
  /** Whether the client waits for leave to send its body. */
  readonly expectsContinue: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, query = '', expectsContinue = false) {
    this.request = request;
    this.response = response;
    this.query = query === '' ? NO_QUERY : new URLSearchParams(query);
    this.expectsContinue = expectsContinue;
    const given = request.headers['x-request-id'];
    this.requestId =
      typeof given === 'string' && CLIENT_ID.test(given) ? given : `${ID_PREFIX}${(++lastId).toString(36)}`;
  }

  /** Aborted when the client is gone. One for each connection: requests on it come one after the other. */
  get signal(): AbortSignal {
    return signalOf(this.request.socket);
  }

  /** Answers with a text of one type. */
  send(status: number, type: string, text: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): void {
    const { response } = this;
    if (response.headersSent || response.destroyed) return;
    response.writeHead(status, {
      ...this.#headers(type),
      'content-length': typeof text === 'string' ? Buffer.byteLength(text) : text.length,
      ...headers,
    });
    response.end(this.request.method === 'HEAD' ? undefined : text);
  }

  /** Answers with JSON. */
  sendJson(status: number, value: unknown, headers?: Readonly<Record<string, string>>): void {
    this.send(status, 'application/json', `${JSON.stringify(value)}\n`, headers);
  }

  /** Answers with a problem, and ends the connection where a body is still to come: nobody wants to read it. */
  sendProblem({ details, headers }: Problem): void {
    const { request, requestId } = this;
    const text = `${JSON.stringify({ ...details, requestId })}\n`;
    const unread = request.complete ? {} : { connection: 'close' };
    this.send(details.status, 'application/problem+json', text, { ...headers, ...unread });
  }

  /** Begins an answer of unknown length. */
  begin(status: number, type: string): void {
    this.response.writeHead(status, this.#headers(type));
    this.response.flushHeaders();
  }

  /** Begins an answer whose head is a plugin's, but for what keeps browsers from running it. */
  beginAs(status: number, headers: Readonly<Record<string, string>>): void {
    const { 'content-type': _, 'cache-control': cached, ...ours } = this.#headers('');
    // Where the client still sends, its connection carries no further request: who knows what it has left to say.
    const unread = this.request.complete ? {} : { connection: 'close' };
    this.response.writeHead(status, { 'cache-control': cached, ...headers, ...ours, ...unread });
    this.response.flushHeaders();
  }

  #headers(type: string): Record<string, string> {
    return {
      'content-type': type,
      'x-request-id': this.requestId,
      'x-content-type-options': 'nosniff',
      'content-security-policy': NO_SCRIPTS,
      'cache-control': 'no-store',
    };
  }
}

const controllers = new WeakMap<Socket, AbortController>();

/** A signal that is aborted when a connection is closed. */
function signalOf(socket: Socket): AbortSignal {
  const known = controllers.get(socket);
  if (known !== undefined) return known.signal;
  const controller = new AbortController();
  controllers.set(socket, controller);
  if (socket.destroyed) controller.abort();
  else socket.once('close', () => controller.abort(new Error('The client has gone')));
  return controller.signal;
}
