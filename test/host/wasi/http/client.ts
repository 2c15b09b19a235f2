import type { HttpErrorCode } from '../../../../src/host/wasi/http/error-code.ts';
import type { HeaderFields } from '../../../../src/host/wasi/http/fields.ts';
import type {
  FutureIncomingResponse,
  FutureTrailers,
  IncomingBody,
  IncomingResponse,
} from '../../../../src/host/wasi/http/incoming.ts';
import type { OutgoingBody } from '../../../../src/host/wasi/http/outgoing-body.ts';
import type { HttpRequest, Method } from '../../../../src/host/wasi/http/outgoing-request.ts';
import type { HttpRequestOptions } from '../../../../src/host/wasi/http/request-options.ts';
import type { IoError } from '../../../../src/host/wasi/io-error.ts';
import type { InputStream, OutputStream, StreamError } from '../../../../src/host/wasi/streams.ts';
import { WitError } from '../../../../src/host/wit-error.ts';
import { ready } from '../network/local.ts';
import { bytes, type Sandbox } from '../sandbox.ts';

/** `wasi:http/types`, as far as a client needs it. */
export interface HttpTypes {
  readonly Fields: { new (): HeaderFields; fromList(entries: [string, Uint8Array][]): HeaderFields };
  readonly OutgoingBody: { finish(body: OutgoingBody, trailers: HeaderFields | undefined): void };
  readonly OutgoingRequest: new (headers: HeaderFields) => HttpRequest;
  readonly RequestOptions: new () => HttpRequestOptions;
  readonly IncomingBody: { finish(body: IncomingBody): FutureTrailers };
  httpErrorCode(error: IoError): HttpErrorCode | undefined;
}

/** `wasi:http/outgoing-handler` */
interface Handler {
  handle(request: HttpRequest, options: HttpRequestOptions | undefined): FutureIncomingResponse;
}

export type Headers = Readonly<Record<string, string>>;

export interface RequestInit {
  readonly method?: Method;
  readonly scheme?: 'HTTP' | 'HTTPS';
  readonly authority: string;
  readonly path?: string;
  readonly headers?: Headers;
  /** Pieces that are written and flushed one after the other. */
  readonly body?: readonly (string | Uint8Array)[];
  readonly trailers?: Headers;
  readonly options?: (options: HttpRequestOptions) => void;
}

/** What `wasi:http` calls an error, or a response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly trailers: Headers | undefined;
}

/** A client of `wasi:http` that waits by polling, as a guest does, while the event loop turns. */
export class HttpClient {
  readonly types: HttpTypes;
  readonly #handler: Handler;

  constructor(box: Sandbox) {
    this.types = box.interface('wasi:http/types');
    this.#handler = box.interface('wasi:http/outgoing-handler');
  }

  handle(request: HttpRequest, options?: HttpRequestOptions): FutureIncomingResponse {
    return this.#handler.handle(request, options);
  }

  request({ method = { tag: 'get' }, scheme = 'HTTP', authority, path = '/', headers = {} }: RequestInit): HttpRequest {
    const request = new this.types.OutgoingRequest(this.#fields(headers));
    request.setMethod(method);
    request.setScheme({ tag: scheme });
    request.setAuthority(authority);
    request.setPathWithQuery(path);
    return request;
  }

  /** Sends a request whose body, if any, follows. */
  begin(init: RequestInit): { readonly future: FutureIncomingResponse; readonly body: OutgoingBody | undefined } {
    const request = this.request(init);
    const options = init.options === undefined ? undefined : new this.types.RequestOptions();
    if (options !== undefined) init.options?.(options);
    const body = init.body === undefined ? undefined : request.body();
    return { future: this.handle(request, options), body };
  }

  /** The whole exchange. @throws {WitError<HttpErrorCode>} also for what a stream of a body fails with. */
  async send(init: RequestInit): Promise<Answer> {
    const { future, body } = this.begin(init);
    if (body !== undefined) {
      const stream = body.write();
      for (const piece of init.body!) await this.write(stream, typeof piece === 'string' ? bytes(piece) : piece);
      stream[Symbol.dispose]();
      this.types.OutgoingBody.finish(body, init.trailers === undefined ? undefined : this.#fields(init.trailers));
    }
    return this.read(await this.response(future));
  }

  async response(future: FutureIncomingResponse): Promise<IncomingResponse> {
    await ready(future.subscribe());
    const result = future.get();
    future[Symbol.dispose]();
    if (result?.tag !== 'ok') throw new Error('not ready, or taken');
    if (result.val.tag === 'err') throw new WitError(result.val.val);
    return result.val.val;
  }

  async read(response: IncomingResponse): Promise<Answer> {
    const body = response.consume();
    const stream = body.stream();
    const content = await this.drain(stream);
    stream[Symbol.dispose]();
    const future = this.types.IncomingBody.finish(body);
    await ready(future.subscribe());
    const result = future.get();
    future[Symbol.dispose]();
    if (result?.tag !== 'ok' || result.val.tag !== 'ok') throw new Error('no trailers');
    const status = response.status();
    const headers = plain(response.headers());
    response[Symbol.dispose]();
    return { status, headers, body: content, trailers: result.val.val && plain(result.val.val) };
  }

  /** All of a stream. */
  async drain(stream: InputStream): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      await ready(stream.subscribe());
      try {
        chunks.push(stream.read(1_000_000n));
      } catch (error) {
        const reason = (error as WitError<StreamError>).payload;
        if (reason.tag === 'closed') return Buffer.concat(chunks);
        throw new WitError(this.types.httpErrorCode(reason.val));
      }
    }
  }

  async write(stream: OutputStream, content: Uint8Array): Promise<void> {
    for (let rest = content; rest.length > 0; ) {
      await ready(stream.subscribe());
      const part = rest.subarray(0, Number(this.#throwing(() => stream.checkWrite())));
      this.#throwing(() => stream.write(part));
      rest = rest.subarray(part.length);
    }
  }

  #throwing<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      const reason = (error as WitError<StreamError>).payload;
      throw reason?.tag === 'last-operation-failed' ? new WitError(this.types.httpErrorCode(reason.val)) : error;
    }
  }

  #fields(headers: Headers): HeaderFields {
    return this.types.Fields.fromList(Object.entries(headers).map(([name, value]) => [name, bytes(value)]));
  }
}

function plain(fields: HeaderFields): Headers {
  return Object.fromEntries(
    fields.entries().map(([name, value]) => [name.toLowerCase(), Buffer.from(value).toString('latin1')]),
  );
}

/** The error of `wasi:http` that an exchange ends with. */
export async function httpFailure(promise: Promise<unknown>): Promise<HttpErrorCode> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WitError) return error.payload as HttpErrorCode;
    throw error;
  }
  throw new Error('expected an error');
}
