import { Buffer } from 'node:buffer';
import { type ClientRequest, type IncomingMessage, request as sendRequest } from 'node:http';
import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import { NetworkGrants } from '../../../policy/network-grants.ts';
import { type HttpErrorCode, toHttpError } from '../../http/error-code.ts';
import { codeOf, NetworkFault, toFault } from '../fault.ts';
import type { ChannelMessage, Field, HttpRequestMessage } from '../protocol.ts';
import { dial } from './dial.ts';
import { type Inflow, inflow } from './flow.ts';
import type { Resolver } from './resolver.ts';
import type { Post, Task } from './task.ts';

/**
 * Interim responses (1xx) that a server may send before the response. The guest sees none of them, and each restarts
 * nothing: a server that sends nothing else would keep this thread busy.
 */
const MAX_INTERIM = 32;

/**
 * One HTTP request and its response, on a connection of its own that nobody shares. Redirects are the guest's business:
 * it gets the response and makes the next request itself, which is checked like any other.
 */
export class HttpExchange implements Task {
  readonly #message: HttpRequestMessage;
  readonly #post: Post;
  readonly #abort = new AbortController();
  readonly #total: NodeJS.Timeout;
  /** What is being waited for, and with what error it ends. */
  #phase: NodeJS.Timeout | undefined;
  #request: ClientRequest | undefined;
  #inflow: Inflow | undefined;
  /** What the guest sent before there was a connection. */
  #early: ChannelMessage[] | undefined = [];
  #received = 0;
  #state: 'open' | 'over' = 'open';

  constructor(message: HttpRequestMessage, resolver: Resolver, post: Post) {
    this.#message = message;
    this.#post = post;
    this.#total = setTimeout(() => this.#fail({ tag: 'HTTP-response-timeout' }), message.totalTimeoutMs);
    this.#connect(resolver)
      .then((socket) => this.#send(socket))
      .catch((error: unknown) => this.#fail(this.#errorOf(error)));
  }

  handle(message: ChannelMessage): void {
    if (message.kind === 'taken') {
      this.#inflow?.taken(message.amount);
      this.#expectData();
    } else if (this.#early !== undefined) this.#early.push(message);
    else this.#upload(message);
  }

  close(): void {
    this.#state = 'over';
    clearTimeout(this.#total);
    clearTimeout(this.#phase);
    this.#abort.abort();
    this.#request?.destroy();
  }

  /** A connection to an address of the host that the policy allows. */
  async #connect(resolver: Resolver): Promise<Socket> {
    const { host, port, scheme, connectTimeoutMs, allowNetwork } = this.#message;
    const { signal } = this.#abort;
    const grants = new NetworkGrants(allowNetwork);
    this.#wait(connectTimeoutMs, { tag: 'DNS-timeout' });
    // Looked up once and checked; the connection is made to what was checked, so that no second answer counts.
    const addresses =
      host.kind === 'address'
        ? [host.text].filter(() => grants.permits(host, port))
        : (await resolver.resolve(host.text, signal)).filter((address) =>
            grants.permitsResolved(host.text, address, port),
          );
    if (addresses.length === 0) throw new NetworkFault('prohibited');
    this.#wait(connectTimeoutMs, { tag: 'connection-timeout' });
    return dial({ addresses, port, tls: scheme === 'https' ? { name: host.text } : undefined }, signal);
  }

  #send(socket: Socket): void {
    if (this.#state === 'over') {
      socket.destroy();
      return;
    }
    const { method, path, headers, maxHeaderBytes, firstByteTimeoutMs, body } = this.#message;
    this.#wait(firstByteTimeoutMs, { tag: 'connection-read-timeout' });
    const request = sendRequest({
      createConnection: () => socket,
      method,
      path,
      headers: headers.flatMap(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
      setHost: false,
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: false,
    });
    this.#request = request;
    // No header is left out silently: their number is bounded by their size.
    request.maxHeadersCount = 0;
    request.on('error', (error) => this.#fail(this.#errorOf(error)));
    request.on('upgrade', (_response, upgraded) => {
      upgraded.destroy();
      this.#fail({ tag: 'HTTP-upgrade-failed' });
    });
    let interim = 0;
    request.on('information', () => {
      if (++interim > MAX_INTERIM) this.#fail({ tag: 'HTTP-protocol-error' });
    });
    request.on('response', (response) => this.#respond(response));
    request.on('close', () => socket.destroy());
    const early = this.#early ?? [];
    this.#early = undefined;
    if (body === 'none') request.end();
    else {
      request.flushHeaders();
      for (const message of early) this.#upload(message);
    }
  }

  #upload(message: ChannelMessage): void {
    const request = this.#request;
    if (request === undefined || request.destroyed || request.writableEnded) return;
    if (message.kind === 'data') {
      const { length } = message.bytes;
      request.write(message.bytes, () => this.#post({ kind: 'sent', amount: length }));
    } else if (message.kind === 'finish') {
      if (message.trailers.length > 0) request.addTrailers(message.trailers.map(textual));
      request.end();
    }
  }

  #respond(response: IncomingMessage): void {
    const { maxResponseBodyBytes } = this.#message;
    const headers = fields(response.rawHeaders);
    this.#post({ kind: 'opened', opened: { status: response.statusCode ?? 0, headers } });
    this.#inflow = inflow(response, this.#post, (bytes) => {
      this.#received += bytes;
      if (this.#received > maxResponseBodyBytes) {
        this.#fail({ tag: 'HTTP-response-body-size', val: BigInt(maxResponseBodyBytes) });
      } else this.#expectData();
    });
    this.#expectData();
    response.on('error', (error) => this.#fail(this.#errorOf(error)));
    response.on('end', () => {
      if (this.#state === 'over') return;
      this.#post({ kind: 'end', trailers: fields(response.rawTrailers) });
      this.close();
    });
  }

  /** Once the head is there, the body may stand still only as long as the guest does not take it. */
  #expectData(): void {
    const inflow = this.#inflow;
    if (inflow === undefined || this.#state === 'over') return;
    if (inflow.held) clearTimeout(this.#phase);
    else this.#wait(this.#message.betweenBytesTimeoutMs, { tag: 'connection-read-timeout' });
  }

  /** Ends what was waited for, and waits for what comes next. */
  #wait(ms: number, error: HttpErrorCode): void {
    clearTimeout(this.#phase);
    if (this.#state === 'open') this.#phase = setTimeout(() => this.#fail(error), ms);
  }

  #fail(error: HttpErrorCode): void {
    if (this.#state === 'over') return;
    this.#post({ kind: 'failed', error });
    this.close();
  }

  #errorOf(error: unknown): HttpErrorCode {
    const code = codeOf(error);
    if (code === 'HPE_HEADER_OVERFLOW') {
      const tag =
        this.#inflow === undefined ? 'HTTP-response-header-section-size' : 'HTTP-response-trailer-section-size';
      return { tag, val: this.#message.maxHeaderBytes };
    }
    if (code.startsWith('HPE_')) return { tag: 'HTTP-protocol-error' };
    if (code === 'ECONNRESET' && this.#inflow !== undefined) return { tag: 'HTTP-response-incomplete' };
    // What Node says of a request that it will not send.
    if (code.startsWith('ERR_')) return { tag: 'HTTP-protocol-error' };
    return toHttpError(toFault(error));
  }
}

function textual([name, value]: Field): [string, string] {
  return [name, Buffer.from(value).toString('latin1')];
}

/** Node gives header lines as names and values in turn, one character a byte. */
function fields(raw: readonly string[]): Field[] {
  const list: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    list.push([raw[index]!, new Uint8Array(Buffer.from(raw[index + 1]!, 'latin1'))]);
  }
  return list;
}
