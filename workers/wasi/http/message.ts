import type { WasiHost } from '../host.ts';
import { Resource } from '../resource.ts';
import { OutputStream, type Sink } from '../streams.ts';
import { WitError } from '../wit-error.ts';
import type { HeaderFields } from './fields.ts';

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

/** Nothing can be sent yet, so nothing is kept of a body either. */
const DISCARD: Sink = { write() {} };

/** `wasi:http/types.outgoing-body` */
export class OutgoingBody extends Resource {
  #stream: 'not taken' | 'taken' = 'not taken';

  write(): OutputStream {
    this.host.hostCall();
    if (this.#stream === 'taken') throw invalid();
    this.#stream = 'taken';
    return new OutputStream(this.host, DISCARD);
  }

  static finish(body: OutgoingBody, trailers: HeaderFields | undefined): void {
    body.host.hostCall();
    trailers?.[Symbol.dispose]();
    body[Symbol.dispose]();
  }
}

/** What requests and responses have in common: headers, owned, and one body. */
abstract class OutgoingMessage extends Resource {
  readonly #headers: HeaderFields;
  #body: 'not taken' | 'taken' = 'not taken';

  constructor(host: WasiHost, headers: HeaderFields) {
    host.hostCall();
    super(host);
    this.#headers = headers;
  }

  headers(): HeaderFields {
    this.host.hostCall();
    return this.#headers.frozen();
  }

  body(): OutgoingBody {
    this.host.hostCall();
    if (this.#body === 'taken') throw invalid();
    this.#body = 'taken';
    return new OutgoingBody(this.host);
  }

  protected override dropped(): void {
    this.#headers[Symbol.dispose]();
  }
}

/** `wasi:http/types.outgoing-request` */
export class HttpRequest extends OutgoingMessage {
  #method: Method = { tag: 'get' };
  #pathWithQuery: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;

  method(): Method {
    this.host.hostCall();
    return this.#method;
  }

  setMethod(method: Method): void {
    this.host.hostCall();
    if (method.tag === 'other') accept(method.val, TOKEN);
    this.#method = method;
  }

  pathWithQuery(): string | undefined {
    this.host.hostCall();
    return this.#pathWithQuery;
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    this.host.hostCall();
    accept(pathWithQuery, VISIBLE);
    this.#pathWithQuery = pathWithQuery;
  }

  scheme(): Scheme | undefined {
    this.host.hostCall();
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    this.host.hostCall();
    if (scheme?.tag === 'other') accept(scheme.val, SCHEME);
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    this.host.hostCall();
    return this.#authority;
  }

  setAuthority(authority: string | undefined): void {
    this.host.hostCall();
    accept(authority, VISIBLE);
    this.#authority = authority;
  }
}

/** `wasi:http/types.outgoing-response`: it can be built, and there is nobody to send it to. */
export class HttpResponse extends OutgoingMessage {
  #status = 200;

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

/** `wasi:http/types.request-options`; durations in nanoseconds. */
export class HttpRequestOptions extends Resource {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  constructor(host: WasiHost) {
    host.hostCall();
    super(host);
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
