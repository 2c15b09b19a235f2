/**
 * Plugins over HTTP: see `docs/serve.md`.
 *
 * @module wasm-plugin-pool/serve
 */
export type { Tokens } from './access.ts';
export type { AuditEntry } from './audit.ts';
export type { HandlerOptions, RequestFailure } from './options.ts';
export { createServer, type ListenOptions, type PluginServer, type ServerCloseOptions } from './plugin-server.ts';
export { createHandler, type RequestHandler } from './request-handler.ts';
export type { ServerOptions, Tls } from './server-options.ts';
