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
import { type Body, dropBody, type Trailers, toHttpCode } from './http-body.ts';

type Consumed = [StreamWriter | SharedStream, FutureWriter<Trailers> | SharedFuture];

/** What a message is made of, once its guest has given it away. */
interface Taken<Head> {
  readonly head: Head;
  readonly body: Body;
}

/** A request or a response as a guest holds it. */
export interface Message<Head> extends Disposable {
  /** Gives away what it is made of, and is of no more use. */
  take(): Taken<Head>;
}

/** What the host makes and takes itself of an instance's `wasi:http/types`. */
export interface HttpTypes {
  readonly Fields: new () => HeaderFields;
  readonly Request: new (head: RequestHead, body: Body) => Message<RequestHead>;
  readonly Response: new (head: HttpResponse, body: Body) => Message<HttpResponse>;
}

/** A request without its body. */
export interface RequestHead {
  readonly request: HttpRequest;
  readonly options: HttpRequestOptions | undefined;
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

  class Request implements Message<RequestHead> {
    readonly #head: RequestHead;
    readonly #body: Body;
    #state: 'held' | 'gone' = 'held';

    constructor(head: RequestHead, body: Body) {
      this.#head = head;
      this.#body = body;
    }

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

    take(): Taken<RequestHead> {
      this.#state = 'gone';
      return { head: this.#head, body: this.#body };
    }

    [Symbol.dispose](): void {
      if (this.#state === 'gone') return;
      const { head, body } = this.take();
      dropHead(head);
      dropBody(body);
    }

    getMethod(): Method {
      return this.#head.request.method();
    }

    setMethod(method: Method): void {
      this.#head.request.setMethod(method);
    }

    getPathWithQuery(): string | undefined {
      return this.#head.request.pathWithQuery();
    }

    setPathWithQuery(path: string | undefined): void {
      this.#head.request.setPathWithQuery(path);
    }

    getScheme(): Scheme | undefined {
      return this.#head.request.scheme();
    }

    setScheme(scheme: Scheme | undefined): void {
      this.#head.request.setScheme(scheme);
    }

    getAuthority(): string | undefined {
      return this.#head.request.authority();
    }

    setAuthority(authority: string | undefined): void {
      this.#head.request.setAuthority(authority);
    }

    getOptions(): RequestOptions | undefined {
      host.hostCall();
      return (this.#head.options as RequestOptions | undefined)?.clone();
    }

    getHeaders(): HeaderFields {
      return this.#head.request.headers();
    }
  }

  class Response implements Message<HttpResponse> {
    readonly #head: HttpResponse;
    readonly #body: Body;
    #state: 'held' | 'gone' = 'held';

    constructor(head: HttpResponse, body: Body) {
      this.#head = head;
      this.#body = body;
    }

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

    take(): Taken<HttpResponse> {
      this.#state = 'gone';
      return { head: this.#head, body: this.#body };
    }

    [Symbol.dispose](): void {
      if (this.#state === 'gone') return;
      const { head, body } = this.take();
      head[Symbol.dispose]();
      dropBody(body);
    }

    getStatusCode(): number {
      return this.#head.statusCode();
    }

    setStatusCode(status: number): void {
      this.#head.setStatusCode(status);
    }

    getHeaders(): HeaderFields {
      return this.#head.headers();
    }
  }

  const interfaces = { Fields, RequestOptions, Request, Response };
  return interfaces;
}

/** Lets go of the head of a request. */
export function dropHead({ request, options }: RequestHead): void {
  request[Symbol.dispose]();
  options?.[Symbol.dispose]();
}

/** Gives the body of a message to the guest. @param outcome What the guest will say of it. */
function consume(
  streams: ByteStreams,
  message: Message<RequestHead> | Message<HttpResponse>,
  outcome: SharedFuture,
): Consumed {
  const { head, body } = message.take();
  if ('request' in head) dropHead(head);
  else head[Symbol.dispose]();
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
