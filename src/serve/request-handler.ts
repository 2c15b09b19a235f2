import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PluginEngine } from '../engine.ts';
import { Handler } from './handler.ts';
import { type HandlerOptions, resolveHandlerOptions } from './options.ts';

/**
 * Answers requests in a server of somebody else's. The address is `request.url`, which Express shortens by what it is mounted at.
 * Who may ask is the server's business, but for tokens. A body that was read before cannot be read again.
 *
 * @example
 * import { createServer } from 'node:http';
 * import { createHandler, type RequestHandler } from 'wasm-plugin-pool/serve';
 *
 * const handler: RequestHandler = createHandler(engine);
 * createServer((request, response) => handler(request, response)).listen(8080, '127.0.0.1');
 */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/**
 * A handler for `node:http` and for all that takes its requests: Express and Connect as middleware, Fastify by `reply.hijack()`,
 * Hono on Node by `c.env`. With a `next`, what is at no address of its own goes on to that.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`.
 *
 * @example
 * const handler = createHandler(engine, { deadlineMs: 2000 });
 * // Express: app.use('/wasm', handler), before anything that reads bodies.
 */
export function createHandler(engine: PluginEngine, options: HandlerOptions = {}): RequestHandler {
  const handler = new Handler(engine, resolveHandlerOptions(options));
  return (request, response, next) => {
    const target = request.url ?? '/';
    if (next !== undefined && !handler.has(target)) next();
    else handler.handle(request, response, target);
  };
}
