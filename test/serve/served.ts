import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { PluginEngine } from '../../src/engine.ts';
import { createServer, type PluginServer, type ServerOptions } from '../../src/serve/index.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { createEngine } from '../support/engine.ts';

/** Tokens that tests use. */
export const CLIENT = 'client-token-0123456789';
export const ADMINISTRATOR = 'admin-token-0123456789';

/** A server with the plugins `echo` and `hostile`, and what it is asked with. */
export class Served {
  readonly engine: PluginEngine;
  readonly server: PluginServer;
  readonly url: string;

  private constructor(engine: PluginEngine, server: PluginServer, url: string) {
    this.engine = engine;
    this.server = server;
    this.url = url;
  }

  static async start(
    options: ServerOptions = {},
    engineOptions: Parameters<typeof createEngine>[0] = {},
  ): Promise<Served> {
    const engine = await createEngine({ threads: 1, ...engineOptions });
    await engine.loadPlugin('echo', await echo());
    await engine.loadPlugin('hostile', await hostile());
    const server = createServer(engine, options);
    return new Served(engine, server, await server.listen({ port: 0 }));
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.ask(path, { method: 'POST', body, headers });
  }

  /** With the token for administration. */
  administer(method: string, path: string, body?: string | Uint8Array<ArrayBuffer>): Promise<Response> {
    const headers = { authorization: `Bearer ${ADMINISTRATOR}` };
    return this.ask(path, { method, headers, ...(body !== undefined && { body }) });
  }

  /** A connection on which anything can be said. */
  async connect(): Promise<Socket> {
    const socket = connect({ port: Number(new URL(this.url).port), host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  /** Says something and gives all that is answered until the other side ends. */
  async raw(message: string): Promise<string> {
    const socket = await this.connect();
    socket.write(message);
    const answer = await text(socket);
    socket.destroy();
    return answer;
  }

  /** Resolves when a request runs, and none waits. */
  async running(): Promise<void> {
    for (;;) {
      // Not what is held: that is large answers, too, until they are collected.
      const isAsked = this.engine.listPlugins().some(({ pending }) => pending > 0);
      if (isAsked && this.engine.status().queued === 0) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    await this.server.close({ graceMs: 0 });
    await this.engine.close({ force: true });
  }
}
