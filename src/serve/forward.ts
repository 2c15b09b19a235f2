import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { PluginEngine } from '../engine.ts';
import { readAsking } from './asking.ts';
import { drained } from './drained.ts';
import type { Exchange } from './exchange.ts';
import { headersForClient, headersForPlugin } from './http-headers.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { refusal } from './problem.ts';
import { inTrace } from './trace-parent.ts';

/** `/plugins/NAME/http`, which is not the plugin's. */
const PREFIX = /^(?:\/[^/?]*){3}/;
/** Nothing that would be another part of an address. */
const HOST = /^[\w.:[\]-]+$/;
const PASSED_ON = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const NO_QUERY = new URLSearchParams();
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** `/plugins/NAME/http/…`: a request for a plugin that is a server of `wasi:http`, and its own answer. */
export async function forward(
  engine: PluginEngine,
  exchange: Exchange,
  [name]: readonly string[],
  handling: ResolvedHandlerOptions,
): Promise<void> {
  const { request, response, requestId, signal } = exchange;
  // The query is the plugin's: what is said to the server stands in headers.
  const asking = readAsking({ request, requestId, signal, query: NO_QUERY }, handling);
  if (asking.options.length > 0) throw refusal(400, 'A server has no options.', 'Leave out `Plugin-Option`.');
  const asked = requestFor(exchange);
  const answer = await inTrace(request.headers.traceparent, () => engine.fetch(name!, asked, asking.process));
  if (response.destroyed) return;
  // What the plugin has left of its request is not to stand before the next one on the connection. A listener, as its reader
  // may be about to go: `resume` alone does nothing beside that.
  response.once('finish', () => request.on('data', () => {}).resume());
  try {
    exchange.beginAs(answer.status, headersForClient(answer.headers, request.method));
  } catch (error) {
    // Nobody is going to read it.
    void answer.body?.cancel(error).catch(() => {});
    throw error;
  }
  if (answer.body !== null) {
    // It ends with an error when the call does, the client going away included.
    for await (const chunk of answer.body) {
      if (!response.write(chunk)) await drained(response, handling.bodyTimeoutMs);
    }
  }
  response.end();
}

/** @throws {Problem} 400, 405. */
function requestFor(exchange: Exchange): Request {
  const { request } = exchange;
  const { method = 'GET', url = '/', headers, socket } = request;
  // `fetch` has no such requests.
  if (method === 'TRACE' || method === 'TRACK' || method === 'CONNECT') {
    throw refusal(405, 'The method is not one that is passed on.', undefined, { allow: PASSED_ON });
  }
  const { host = 'localhost' } = headers;
  const scheme = (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http';
  const own = url.replace(PREFIX, '');
  const address = `${scheme}://${host}${own.startsWith('/') ? own : `/${own}`}`;
  if (!HOST.test(host) || !URL.canParse(address)) throw refusal(400, 'The address or its host is malformed.');
  const length = headers['content-length'];
  const hasBody = headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0);
  return new Request(address, {
    method,
    headers: headersForPlugin(request),
    ...(hasBody && !BODILESS.has(method) && { body: bodyOf(exchange), duplex: 'half' }),
  });
}

/** A body as it is read. Leaving it unread ends neither the connection nor the answer that is on its way. */
function bodyOf({ request, response, expectsContinue }: Exchange): ReadableStream<Uint8Array> {
  // Whoever reads it hears of its end; nobody may be reading.
  request.on('error', () => {});
  const chunks = begun(request, () => {
    if (expectsContinue && !response.headersSent) response.writeContinue();
  });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      // Not awaited: it may be waiting for the client.
      cancel() {
        void chunks.return().catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}

async function* begun(request: IncomingMessage, onBegin: () => void): AsyncGenerator<Uint8Array, void, void> {
  onBegin();
  yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}
