import type { WasiHost } from '../host.ts';
import type { HeaderFields } from './fields.ts';
import { bodyFailed } from './http-error.ts';
import { invalid } from './invalid.ts';
import { contentLength, OutgoingMessage } from './outgoing-message.ts';
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

function accept(part: string | undefined, pattern: RegExp): void {
  if (part !== undefined && (part.length > MAX_PART || !pattern.test(part))) throw invalid();
}

/** The text of the guest's in a method or a scheme. */
function textOf(part: Method | Scheme | undefined): string | undefined {
  return part?.tag === 'other' ? part.val : undefined;
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

  /** Begins the body, once. @throws as `body`. */
  static uploadOf(request: HttpRequest): Upload {
    request.makeSink();
    return request.#upload!;
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
