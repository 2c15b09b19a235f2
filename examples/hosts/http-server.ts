/**
 * An HTTP server that runs a plugin on every request: `node examples/hosts/http-server.ts`, then
 * `curl --data 'mail ada@example.org' http://127.0.0.1:8080/`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type ErrorCode, PluginEngine, PluginError } from '../../src/index.ts';
import { pluginFiles } from '../plugins/files.ts';

const DEADLINE_MS = 500;

/** What the client is told when there is no answer; anything else is a fault of the plugin. */
const STATUS: Partial<Record<ErrorCode, number>> = { ERR_QUEUE_FULL: 503, ERR_DEADLINE: 504, ERR_ENGINE_CLOSED: 503 };

/** A server that answers with what a loaded plugin makes of the body of each request. */
export function pluginServer(engine: PluginEngine, plugin: string, deadlineMs: number = DEADLINE_MS): Server {
  return createServer((request, response) => {
    answer(engine, plugin, deadlineMs, request, response).catch((error: unknown) => {
      if (!(error instanceof PluginError)) console.error(error);
      const code = error instanceof PluginError ? error.code : undefined;
      response.writeHead((code && STATUS[code]) ?? 502).end(`${code ?? 'internal error'}\n`);
    });
  });
}

async function answer(
  engine: PluginEngine,
  plugin: string,
  deadlineMs: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client that hangs up does not keep a thread busy.
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const input = await text(request);
  const { output, success, errorMessage } = await engine.process(
    plugin,
    { input },
    { deadlineMs, signal: gone.signal },
  );
  response.writeHead(success ? 200 : 422, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(success ? output : `${errorMessage ?? 'refused'}\n`);
}

if (import.meta.main) {
  const engine = await PluginEngine.create({ queueLimit: 1_000 });
  await engine.loadPlugin('redact', pluginFiles.redact);
  const server = pluginServer(engine, 'redact').listen(8080, '127.0.0.1');
  console.log('http://127.0.0.1:8080/ redacts what you send it; Ctrl-C ends it');
  process.once('SIGINT', () => {
    server.close();
    void engine.close();
  });
}
