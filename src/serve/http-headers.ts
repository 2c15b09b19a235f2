import { type IncomingMessage, validateHeaderValue } from 'node:http';
import { PluginError } from '../errors.ts';

/** Of one connection, and no farther (RFC 9110, 7.6.1). */
const OF_CONNECTION = [
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What a client says to the server, or to all that a browser knows at its host: no other site's cookies for a plugin. */
const NOT_FOR_PLUGINS: ReadonlySet<string> = new Set([...OF_CONNECTION, 'authorization', 'cookie']);

/** What a browser takes as said by the whole host, and so for the status page and the other plugins. */
const NOT_FOR_CLIENTS: ReadonlySet<string> = new Set([
  ...OF_CONNECTION,
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'nel',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'strict-transport-security',
  'www-authenticate',
]);

/** What a plugin sees of a request's headers. */
export function headersForPlugin({ rawHeaders, headers: { connection = '' } }: IncomingMessage): Headers {
  const named = namedBy(connection);
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!NOT_FOR_PLUGINS.has(name) && !named.has(name)) headers.append(name, rawHeaders[at + 1]!);
  }
  return headers;
}

/**
 * What a client sees of a response's headers. Not its length, but for HEAD, which has no body: were it wrong, what is beyond it would be
 * taken for the answer to another request.
 *
 * @throws {PluginError} `ERR_INVALID_RESPONSE` for what cannot be sent.
 */
export function headersForClient(headers: Headers, method: string | undefined): Record<string, string> {
  const named = namedBy(headers.get('connection') ?? '');
  const kept: Record<string, string> = {};
  for (const [name, value] of headers) {
    if (NOT_FOR_CLIENTS.has(name) || named.has(name) || (name === 'content-length' && method !== 'HEAD')) continue;
    try {
      validateHeaderValue(name, value);
    } catch (cause) {
      throw new PluginError('ERR_INVALID_RESPONSE', 'A header of the response has characters that cannot be sent', {
        cause,
      });
    }
    kept[name] = value;
  }
  return kept;
}

/** `Connection` names more headers of the connection. */
function namedBy(connection: string): ReadonlySet<string> {
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}
