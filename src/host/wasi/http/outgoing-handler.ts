import { Buffer } from 'node:buffer';
import { type Host, parseHost } from '../../policy/network-grants.ts';
import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { Field, HttpRequestMessage, HttpResponseHead } from '../network/protocol.ts';
import { type HttpErrorCode, httpError } from './error-code.ts';
import { FutureIncomingResponse } from './incoming.ts';
import { HttpRequest, type Method, type Scheme } from './outgoing-request.ts';
import { HttpRequestOptions } from './request-options.ts';
import type { HttpChannel, Upload } from './upload.ts';

/** `Host` and what a header line has beside its name and value. */
const LINE_OVERHEAD = 4;
/** Methods of which a server expects that a body may follow (RFC 9110, 8.6). */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * `wasi:http/outgoing-handler`. Redirects are not followed: the guest gets them, and what it asks for next is checked
 * like everything else. Both arguments are owned.
 */
export function outgoingHandler(host: WasiHost, network: NetworkAccess): object {
  return {
    handle(request: HttpRequest, options: HttpRequestOptions | undefined): FutureIncomingResponse {
      host.hostCall();
      try {
        const { headers } = HttpRequest.partsOf(request);
        const channel = openRequest(host, network, request, options);
        return new FutureIncomingResponse(host, channel, (fields) => headers.frozenWith(fields));
      } finally {
        request[Symbol.dispose]();
        options?.[Symbol.dispose]();
      }
    },
  };
}

/**
 * Sends a request, which is dropped; its body goes on being written.
 *
 * @returns What its response comes on.
 * @throws {WitError} the error of the interface.
 */
export function openRequest(
  host: WasiHost,
  network: NetworkAccess,
  request: HttpRequest,
  options: HttpRequestOptions | undefined,
): HttpChannel {
  const { grants, limits } = network;
  if (grants.none) throw httpError('HTTP-request-denied');
  const { upload, headers, method, authority, pathWithQuery, scheme } = HttpRequest.partsOf(request);
  const secure = isSecure(scheme);
  const target = parseAuthority(authority, secure ? 443 : 80);
  if (!grants.permits(target.host, target.port)) throw httpError('HTTP-request-denied');
  const name = methodName(method);
  const lines: Field[] = [
    ['Host', Buffer.from(authority!)],
    ...headers.list(),
    ...framing(name, headers.list(), upload),
  ];
  const size = lines.reduce((sum, [key, value]) => sum + key.length + value.length + LINE_OVERHEAD, 0);
  if (size > limits.maxHeaderBytes) {
    throw new WitError<HttpErrorCode>({ tag: 'HTTP-request-header-section-size', val: size });
  }
  const { connect, firstByte, betweenBytes } = options === undefined ? {} : HttpRequestOptions.timeoutsOf(options);
  const message: HttpRequestMessage = {
    kind: 'request',
    scheme: secure ? 'https' : 'http',
    ...target,
    method: name,
    path: parsePath(pathWithQuery, name),
    headers: lines,
    body: upload === undefined ? 'none' : 'streamed',
    allowNetwork: host.policy.allowNetwork,
    connectTimeoutMs: network.timeoutMs(limits.connectTimeoutMs, connect),
    firstByteTimeoutMs: network.timeoutMs(limits.firstByteTimeoutMs, firstByte),
    betweenBytesTimeoutMs: network.timeoutMs(limits.betweenBytesTimeoutMs, betweenBytes),
    totalTimeoutMs: host.policy.wallTimeLimitMs,
    maxHeaderBytes: limits.maxHeaderBytes,
    maxResponseBodyBytes: limits.maxResponseBodyBytes,
  };
  const channel = network.open<HttpResponseHead, HttpErrorCode>(message, { tag: 'internal-error', val: undefined });
  if (channel === undefined) throw httpError('connection-limit-reached');
  upload?.attach(channel);
  HttpRequest.dropSent(request);
  return channel;
}

/** Without a scheme a request is encrypted. */
function isSecure(scheme: Scheme | undefined): boolean {
  if (scheme?.tag === 'other') throw httpError('HTTP-protocol-error');
  return scheme?.tag !== 'HTTP';
}

/** `host[:port]`, without user information. */
function parseAuthority(authority: string | undefined, defaultPort: number): { host: Host; port: number } {
  const match = /^(\[[^\]]*\]|[^:]+)(?::(\d{1,5}))?$/.exec(authority ?? '');
  const host = match === null ? undefined : parseHost(match[1]!);
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (host === undefined || port === 0 || port > 0xffff) throw httpError('HTTP-request-URI-invalid');
  return { host, port };
}

/** A `CONNECT` would make a tunnel of the other side, to wherever it leads. */
function methodName(method: Method): string {
  const name = method.tag === 'other' ? method.val : method.tag.toUpperCase();
  if (name.toUpperCase() === 'CONNECT') throw httpError('HTTP-request-method-invalid');
  return name;
}

function parsePath(pathWithQuery: string | undefined, method: string): string {
  const path = pathWithQuery === undefined || pathWithQuery === '' ? '/' : pathWithQuery;
  if (path.startsWith('?')) return `/${path}`;
  if (!path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) throw httpError('HTTP-request-URI-invalid');
  return path;
}

/** The header that tells how long the body is: exactly one, so that no two readers see two different requests. */
function framing(method: string, headers: readonly Field[], upload: Upload | undefined): readonly Field[] {
  if (headers.some(([name]) => name.toLowerCase() === 'content-length')) {
    // The body was made with it, and keeps to it.
    if (upload?.announced === undefined) throw httpError('HTTP-protocol-error');
    return [];
  }
  if (upload === undefined) return WITH_BODY.has(method) ? [contentLength(0)] : [];
  return [upload.length === undefined ? ['Transfer-Encoding', Buffer.from('chunked')] : contentLength(upload.length)];
}

function contentLength(bytes: number): Field {
  return ['Content-Length', Buffer.from(String(bytes))];
}
