import { WitError } from '../../wit-error.ts';
import { OutputMeter } from '../caller/output-meter.ts';
import type { WasiHost } from '../host.ts';
import { Resource } from '../resource.ts';
import { OutputStream } from '../streams.ts';
import type { HeaderFields } from './fields.ts';
import { bodyFailed } from './http-error.ts';
import { type BodySink, Upload } from './upload.ts';

/** The variant `method` of `wasi:http/types`. */
export type Method =
  | { readonly tag: 'get' | 'head' | 'post' | 'put' | 'delete' | 'connect' | 'options' | 'trace' | 'patch' }
  | { readonly tag: 'other'; readonly val: string };

/** The variant `scheme` of `wasi:http/types`. */
export type Scheme = { readonly tag: 'HTTP' | 'HTTPS' } | { readonly tag: 'other'; readonly val: string };

/** Longest method, path, scheme or authority, in UTF-16 code units. */
const MAX_PART = 8192;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** Visible ASCII: what cannot break a request line, whatever it means. */
const VISIBLE = /^[\x21-\x7e]*$/;

/** The `err` of a `result` without a payload. */
function invalid(): WitError<undefined> {
  return new WitError(undefined);
}

function accept(part: string | undefined, pattern: RegExp): void {
  if (part !== undefined && (part.length > MAX_PART || !pattern.test(part))) throw invalid();
}

/** The text of the guest's in a method or a scheme. */
function textOf(part: Method | Scheme | undefined): string | undefined {
  return part?.tag === 'other' ? part.val : undefined;
}

/** `wasi:http/types.outgoing-body` */
export class OutgoingBody extends Resource {
  readonly #sink: BodySink;
  #stream: 'not taken' | 'taken' = 'not taken';

  constructor(host: WasiHost, sink: BodySink) {
    super(host);
    this.#sink = sink;
  }

  write(): OutputStream {
    this.host.hostCall();
    if (this.#stream === 'taken') throw invalid();
    this.#stream = 'taken';
    return new OutputStream(this.host, this.#sink);
  }

  static finish(body: OutgoingBody, trailers: HeaderFields | undefined): void {
    body.host.hostCall();
    try {
      body.#sink.finish(trailers?.list() ?? []);
    } finally {
      trailers?.[Symbol.dispose]();
      body[Symbol.dispose]();
    }
  }

  /** A body that is dropped unfinished is no body: the other side must not take it for whole. */
  protected override dropped(): void {
    this.#sink.abandon();
  }
}

/** What requests and responses have in common: headers, owned, and one body. */
abstract class OutgoingMessage extends Resource {
  protected readonly ownHeaders: HeaderFields;
  #body: 'not taken' | 'taken' = 'not taken';

  constructor(host: WasiHost, headers: HeaderFields) {
    host.hostCall();
    super(host);
    this.ownHeaders = headers;
  }

  headers(): HeaderFields {
    this.host.hostCall();
    return this.ownHeaders.frozen();
  }

  body(): OutgoingBody {
    this.host.hostCall();
    if (this.#body === 'taken') throw invalid();
    const body = new OutgoingBody(this.host, this.makeSink());
    this.#body = 'taken';
    return body;
  }

  /** Where the body goes; called once. */
  protected abstract makeSink(): BodySink;

  protected override dropped(): void {
    this.ownHeaders[Symbol.dispose]();
  }
}

/** A request as `handle` takes it. */
export interface RequestParts {
  readonly method: Method;
  readonly pathWithQuery: string | undefined;
  readonly scheme: Scheme | undefined;
  readonly authority: string | undefined;
  readonly headers: HeaderFields;
  /** Undefined when the guest never asked for the body. */
  readonly upload: Upload | undefined;
}

/** `wasi:http/types.outgoing-request` */
export class HttpRequest extends OutgoingMessage {
  readonly #maxBodyBytes: number;
  #upload: Upload | undefined;
  #method: Method = { tag: 'get' };
  #pathWithQuery: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #partBytes = 0;

  /** @param maxBodyBytes The limit for the body of one request. */
  constructor(host: WasiHost, headers: HeaderFields, maxBodyBytes: number) {
    super(host, headers);
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Looks into a request that the guest has handed over. The headers are good until it is dropped. */
  static partsOf(request: HttpRequest): RequestParts {
    return {
      method: request.#method,
      pathWithQuery: request.#pathWithQuery,
      scheme: request.#scheme,
      authority: request.#authority,
      headers: request.ownHeaders,
      upload: request.#upload,
    };
  }

  /** Drops a request and keeps its body, which goes on being written. */
  static dropSent(request: HttpRequest): void {
    request.#upload = undefined;
    request[Symbol.dispose]();
  }

  protected override makeSink(): BodySink {
    let written = 0;
    this.#upload = new Upload(this.host, {
      announced: contentLength(this.ownHeaders),
      size: 'HTTP-request-body-size',
      flush: 'waits',
      count: (bytes) => {
        written += bytes;
        if (written <= this.#maxBodyBytes) return;
        throw bodyFailed(this.host, { tag: 'HTTP-request-body-size', val: BigInt(this.#maxBodyBytes) });
      },
    });
    return this.#upload;
  }

  protected override dropped(): void {
    super.dropped();
    this.#upload?.abandon();
    this.host.hold(-this.#partBytes);
  }

  /** Accounts for a part that replaces another. */
  #replace(before: string | undefined, after: string | undefined): void {
    const bytes = (after?.length ?? 0) - (before?.length ?? 0);
    this.host.hold(bytes);
    this.#partBytes += bytes;
  }

  method(): Method {
    this.host.hostCall();
    return this.#method;
  }

  setMethod(method: Method): void {
    this.host.hostCall();
    if (method.tag === 'other') accept(method.val, TOKEN);
    this.#replace(textOf(this.#method), textOf(method));
    this.#method = method;
  }

  pathWithQuery(): string | undefined {
    this.host.hostCall();
    return this.#pathWithQuery;
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    this.host.hostCall();
    accept(pathWithQuery, VISIBLE);
    this.#replace(this.#pathWithQuery, pathWithQuery);
    this.#pathWithQuery = pathWithQuery;
  }

  scheme(): Scheme | undefined {
    this.host.hostCall();
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    this.host.hostCall();
    if (scheme?.tag === 'other') accept(scheme.val, SCHEME);
    this.#replace(textOf(this.#scheme), textOf(scheme));
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    this.host.hostCall();
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    this.host.hostCall();
    accept(authority, VISIBLE);
    this.#replace(this.#authority, authority);
    this.#authority = authority;
  }
}

/** What `Content-Length` announces. @throws the error of `body` when it announces nothing that can be kept. */
function contentLength(headers: HeaderFields): number | undefined {
  const values = headers.valuesOf('content-length');
  if (values.length === 0) return undefined;
  const [text] = values;
  if (values.length > 1 || !/^\d{1,15}$/.test(text!)) throw invalid();
  return Number(text);
}

/** A response as `response-outparam.set` takes it. */
export interface ResponseParts {
  readonly status: number;
  readonly headers: HeaderFields;
  /** Undefined when the guest never asked for the body. */
  readonly upload: Upload | undefined;
}

/** `wasi:http/types.outgoing-response` */
export class HttpResponse extends OutgoingMessage {
  #status = 200;
  #upload: Upload | undefined;

  /** Looks into a response that the guest has handed over. The headers are good until it is dropped. */
  static partsOf(response: HttpResponse): ResponseParts {
    return { status: response.#status, headers: response.ownHeaders, upload: response.#upload };
  }

  /** Drops a response and keeps its body, which goes on being written. */
  static dropSent(response: HttpResponse): void {
    response.#upload = undefined;
    response[Symbol.dispose]();
  }

  protected override makeSink(): BodySink {
    const meter = new OutputMeter(this.host.policy.maxOutputBytes);
    this.#upload = new Upload(this.host, {
      announced: contentLength(this.ownHeaders),
      size: 'HTTP-response-body-size',
      flush: 'at once',
      count: (bytes) => meter.count(bytes),
    });
    return this.#upload;
  }

  protected override dropped(): void {
    super.dropped();
    this.#upload?.abandon();
  }

  statusCode(): number {
    this.host.hostCall();
    return this.#status;
  }

  setStatusCode(status: number): void {
    this.host.hostCall();
    if (status < 100 || status > 599) throw invalid();
    this.#status = status;
  }
}

/** Durations in nanoseconds. */
export interface Timeouts {
  readonly connect?: bigint | undefined;
  readonly firstByte?: bigint | undefined;
  readonly betweenBytes?: bigint | undefined;
}

/** `wasi:http/types.request-options` */
export class HttpRequestOptions extends Resource {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  constructor(host: WasiHost) {
    host.hostCall();
    super(host);
  }

  /** What the guest has set. */
  static timeoutsOf(options: HttpRequestOptions): Timeouts {
    return { connect: options.#connect, firstByte: options.#firstByte, betweenBytes: options.#betweenBytes };
  }

  connectTimeout(): bigint | undefined {
    this.host.hostCall();
    return this.#connect;
  }

  setConnectTimeout(duration: bigint | undefined): void {
    this.host.hostCall();
    this.#connect = duration;
  }

  firstByteTimeout(): bigint | undefined {
    this.host.hostCall();
    return this.#firstByte;
  }

  setFirstByteTimeout(duration: bigint | undefined): void {
    this.host.hostCall();
    this.#firstByte = duration;
  }

  betweenBytesTimeout(): bigint | undefined {
    this.host.hostCall();
    return this.#betweenBytes;
  }

  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.host.hostCall();
    this.#betweenBytes = duration;
  }
}
