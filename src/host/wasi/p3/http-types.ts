import type { SharedFuture } from '../../../canonical-abi/runtime/async/future.ts';
import { FutureWriter } from '../../../canonical-abi/runtime/async/future-writer.ts';
import { readFuture } from '../../../canonical-abi/runtime/async/read-future.ts';
import type { SharedStream } from '../../../canonical-abi/runtime/async/stream.ts';
import { StreamWriter } from '../../../canonical-abi/runtime/async/stream-writer.ts';
import type { WasiHost } from '../host.ts';
import type { HttpErrorCode } from '../http/error-code.ts';
import type { HeaderFields } from '../http/fields.ts';
import { HttpRequest, type Method, type Scheme } from '../http/outgoing-request.ts';
import { HttpResponse } from '../http/outgoing-response.ts';
import { HttpRequestOptions } from '../http/request-options.ts';
import { types as types2 } from '../http/types.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { ByteStreams, Outcome } from './byte-streams.ts';
import { dropHead, HeldMessage, type Message, type RequestHead } from './held-message.ts';
import { type Body, type Trailers, toHttpCode } from './http-body.ts';

type Consumed = [StreamWriter | SharedStream, FutureWriter<Trailers> | SharedFuture];

/** What the host makes and takes itself of an instance's `wasi:http/types`. */
export interface HttpTypes {
  readonly Fields: new () => HeaderFields;
  readonly Request: new (head: RequestHead, body: Body) => Message<RequestHead>;
  readonly Response: new (head: HttpResponse, body: Body) => Message<HttpResponse>;
}

/**
 * `wasi:http/types@0.3`: the messages of WASI 0.2, of which a guest may make one or be given one alike. The classes are the
 * instance's own: a constructor gets nothing but the guest's arguments.
 */
export function httpTypes(host: WasiHost, network: NetworkAccess, streams: ByteStreams): HttpTypes {
  const { Fields: Fields2 } = types2(host, network);

  class Fields extends Fields2 {
    copyAll(): [string, Uint8Array][] {
      return this.entries();
    }

    getAndDelete(name: string): Uint8Array[] {
      const values = this.get(name);
      this.delete(name);
      return values;
    }
  }

  class RequestOptions extends HttpRequestOptions {
    constructor() {
      super(host);
    }

    getConnectTimeout(): bigint | undefined {
      return this.connectTimeout();
    }

    getFirstByteTimeout(): bigint | undefined {
      return this.firstByteTimeout();
    }

    getBetweenBytesTimeout(): bigint | undefined {
      return this.betweenBytesTimeout();
    }

    clone(): RequestOptions {
      const copy = new RequestOptions();
      const { connect, firstByte, betweenBytes } = HttpRequestOptions.timeoutsOf(this);
      copy.setConnectTimeout(connect);
      copy.setFirstByteTimeout(firstByte);
      copy.setBetweenBytesTimeout(betweenBytes);
      return copy;
    }
  }

  class Request extends HeldMessage<RequestHead> {
    static new(
      headers: HeaderFields,
      contents: SharedStream | undefined,
      trailers: SharedFuture,
      options: RequestOptions | undefined,
    ): [Request, FutureWriter<Outcome<HttpErrorCode>>] {
      const request = new HttpRequest(host, headers, network.limits.maxRequestBodyBytes);
      const sent = new FutureWriter<Outcome<HttpErrorCode>>();
      return [new Request({ request, options }, { kind: 'guest', contents, trailers, sent }), sent];
    }

    static consumeBody(message: Request, outcome: SharedFuture): Consumed {
      host.hostCall();
      return consume(streams, message, outcome);
    }

    getMethod(): Method {
      return this.head.request.method();
    }

    setMethod(method: Method): void {
      this.head.request.setMethod(method);
    }

    getPathWithQuery(): string | undefined {
      return this.head.request.pathWithQuery();
    }

    setPathWithQuery(path: string | undefined): void {
      this.head.request.setPathWithQuery(path);
    }

    getScheme(): Scheme | undefined {
      return this.head.request.scheme();
    }

    setScheme(scheme: Scheme | undefined): void {
      this.head.request.setScheme(scheme);
    }

    getAuthority(): string | undefined {
      return this.head.request.authority();
    }

    setAuthority(authority: string | undefined): void {
      this.head.request.setAuthority(authority);
    }

    getOptions(): RequestOptions | undefined {
      host.hostCall();
      return (this.head.options as RequestOptions | undefined)?.clone();
    }

    getHeaders(): HeaderFields {
      return this.head.request.headers();
    }
  }

  class Response extends HeldMessage<HttpResponse> {
    static new(
      headers: HeaderFields,
      contents: SharedStream | undefined,
      trailers: SharedFuture,
    ): [Response, FutureWriter<Outcome<HttpErrorCode>>] {
      const sent = new FutureWriter<Outcome<HttpErrorCode>>();
      return [new Response(new HttpResponse(host, headers), { kind: 'guest', contents, trailers, sent }), sent];
    }

    static consumeBody(message: Response, outcome: SharedFuture): Consumed {
      host.hostCall();
      return consume(streams, message, outcome);
    }

    getStatusCode(): number {
      return this.head.statusCode();
    }

    setStatusCode(status: number): void {
      this.head.setStatusCode(status);
    }

    getHeaders(): HeaderFields {
      return this.head.headers();
    }
  }

  const interfaces = { Fields, RequestOptions, Request, Response };
  return interfaces;
}

/** Gives the body of a message to the guest. @param outcome What the guest will say of it. */
function consume(
  streams: ByteStreams,
  message: Message<RequestHead> | Message<HttpResponse>,
  outcome: SharedFuture,
): Consumed {
  const { head, body } = message.take();
  dropHead(head);
  if (body.kind === 'guest') {
    readFuture<Outcome<HttpErrorCode>>(outcome, (result) => body.sent.write(result));
    return [body.contents ?? StreamWriter.ended(), body.trailers];
  }
  outcome.drop();
  const trailers = new FutureWriter<Trailers>((value) => {
    if (value.tag === 'ok') value.val?.[Symbol.dispose]();
  });
  const [stream] = streams.from(
    () => body.open(),
    toHttpCode,
    (ended) => trailers.write(ended.tag === 'ok' ? { tag: 'ok', val: body.trailers() } : ended),
  );
  return [stream, trailers];
}
