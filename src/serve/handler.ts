import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PluginEngine } from '../engine.ts';
import { administrationRoutes } from './administration.ts';
import { decoded } from './asking.ts';
import { batch } from './batch.ts';
import { typeOf } from './body.ts';
import { call } from './call.ts';
import { Exchange } from './exchange.ts';
import { forward } from './forward.ts';
import { HttpCounts } from './http-counts.ts';
import { observationRoutes } from './observation.ts';
import { openApi } from './open-api.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { problemOf, refusal } from './problem.ts';
import { processOne } from './process-one.ts';
import { findRoute, path, type Route } from './routes.ts';

/** What a batch is sent as. */
const LINES = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines']);

/** Answers requests about the plugins of one engine. */
export class Handler {
  readonly #options: ResolvedHandlerOptions;
  readonly #routes: readonly Route[];
  readonly #counts = new HttpCounts();

  constructor(engine: PluginEngine, options: ResolvedHandlerOptions, closing?: AbortSignal) {
    this.#options = options;
    this.#routes = [
      {
        method: 'POST',
        path: path('/plugins/:'),
        access: 'client',
        run: (exchange, [name]) =>
          LINES.has(typeOf(exchange))
            ? batch(engine, exchange, name!, options)
            : processOne(engine, exchange, name!, options),
      },
      {
        method: 'POST',
        path: path('/plugins/:/call/*'),
        access: 'client',
        run: (exchange, parameters) => call(engine, exchange, parameters, options),
      },
      ...['/plugins/:/http', '/plugins/:/http/*'].map(
        (pattern): Route => ({
          method: 'any',
          path: path(pattern),
          access: 'client',
          run: (exchange, parameters) => forward(engine, exchange, parameters, options),
        }),
      ),
      {
        method: 'GET',
        path: path('/openapi.json'),
        access: 'client',
        run: (exchange) => exchange.sendJson(200, openApi(engine, options)),
      },
      ...observationRoutes(engine, options, this.#counts, closing),
      ...administrationRoutes(engine, options),
    ];
  }

  /** Whether there is anything at an address, by whatever method. */
  has(target: string): boolean {
    try {
      const found = findRoute(this.#routes, '', segmentsOf(target));
      return 'route' in found || found.allowed.length > 0;
    } catch {
      return false;
    }
  }

  /**
   * Answers one request. Never throws and never rejects: whatever goes wrong is told to the client.
   *
   * @param target The address, without what stands before the handler.
   */
  handle(request: IncomingMessage, response: ServerResponse, target: string, expectsContinue = false): void {
    const at = target.indexOf('?');
    const query = at < 0 ? '' : target.slice(at + 1);
    const exchange = new Exchange(request, response, query, expectsContinue);
    this.#counts.begin(response);
    response.once('prefinish', () => endUnread(response, this.#options.bodyTimeoutMs));
    try {
      const segments = segmentsOf(target);
      const found = findRoute(this.#routes, request.method ?? '', segments);
      if (!('route' in found)) throw notThere(found.allowed);
      const { route, parameters } = found;
      void this.#run(exchange, route, parameters);
    } catch (error) {
      this.#fail(exchange, error, 'client');
    }
  }

  async #run(exchange: Exchange, route: Route, parameters: readonly string[]): Promise<void> {
    const { access, audit } = this.#options;
    // Nothing knows it once the client has gone.
    const from = route.action === undefined ? undefined : exchange.request.socket.remoteAddress;
    let failure: unknown;
    try {
      if (route.access !== 'open') exchange.caller = access.identify(exchange.request.headers.authorization);
      const isPrivate = route.access === 'administrator' || (route.access === 'observer' && access.isClosed);
      if (isPrivate) access.assertAdministrator(exchange.caller);
      // Not awaited where it need not be: two turns of the microtask queue for each request.
      const running = route.run(exchange, parameters);
      if (running !== undefined) await running;
    } catch (error) {
      failure = error;
      this.#fail(exchange, error, route.access === 'administrator' ? exchange.caller.right : 'client');
    }
    if (route.action === undefined) return;
    audit({
      time: new Date().toISOString(),
      who: exchange.caller.name,
      from: from ?? 'unknown',
      action: route.action,
      plugin: parameters[0],
      requestId: exchange.requestId,
      status: failure === undefined ? exchange.response.statusCode : problemOf(failure).details.status,
      details: {
        ...exchange.audited,
        ...(failure !== undefined && { error: problemOf(failure, 'administrator').message }),
      },
    });
  }

  #fail(exchange: Exchange, error: unknown, reader: 'client' | 'administrator'): void {
    const problem = problemOf(error, reader);
    const { status } = problem.details;
    // Nobody is there to be told, and nobody is to be woken for it.
    if (exchange.response.destroyed) return;
    if (exchange.response.headersSent) exchange.response.destroy();
    else exchange.sendProblem(problem);
    if (status >= 500)
      this.#options.onFailure({ requestId: exchange.requestId, status, error: problem.cause ?? problem });
  }
}

/** An answer is complete: a client that does not read it keeps nothing for longer than this. */
function endUnread(response: ServerResponse, timeoutMs: number): void {
  const { socket } = response;
  if (socket === null || socket.writableLength === 0) return;
  const { timeout } = socket;
  socket.setTimeout(timeoutMs);
  // Before Node sets that of connections which are kept: it sets none where it has been told so.
  response.prependOnceListener('finish', () => socket.setTimeout(timeout ?? 0));
}

/** The parts of an address without its query, decoded. */
function segmentsOf(target: string): string[] {
  const at = target.indexOf('?');
  return (at < 0 ? target : target.slice(0, at)).split('/').slice(1).map(decoded);
}

function notThere(allowed: readonly string[]): Error {
  if (allowed.length === 0) return refusal(404, 'There is nothing at this address.');
  return refusal(405, 'The method is not one of this address.', undefined, { allow: allowed.join(', ') });
}
