import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { RegistryFault } from './errors.ts';

/** How long an exchange may go on. */
export interface ExchangeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which a server is given up, beside those that an upload takes. @default 30_000 */
  readonly idleMs?: number | undefined;
}

/** What is asked of one address. */
export interface RegistryRequest extends ExchangeOptions {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

const IDLE_MS = 30_000;
/** How slowly an upload may go: what is under way of it is not to be seen. */
const MIN_UPLOAD_BYTES_PER_S = 64 * 1024;
/** Tries of what can be asked again without an effect. */
const ATTEMPTS = 3;
const BACKOFF_MS = 250;
const MAX_REDIRECTS = 5;
/** Answers that may be another one soon (RFC 9110, 15.6; RFC 6585). */
const PASSING: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** An answer whose body is read in bounds: no more bytes than its reader takes, and none that do not come. */
export class RegistryAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly #body: ReadableStream<Uint8Array> | null;
  readonly #alive: () => void;
  readonly #end: () => void;

  constructor(response: Response, url: URL, alive: () => void, end: () => void) {
    this.status = response.status;
    this.headers = response.headers;
    this.url = url;
    this.#body = response.body;
    this.#alive = alive;
    this.#end = end;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** Lets go of a body that nobody reads. */
  async drop(): Promise<void> {
    this.#end();
    await this.#body?.cancel().catch(() => {});
  }

  /**
   * The body, as it comes.
   *
   * @param maxBytes Where it has more, the connection is closed with the first byte over them, or before the first one if the
   * server says how many there are.
   */
  async *pieces(maxBytes: number): AsyncGenerator<Uint8Array> {
    try {
      const said = Number(this.headers.get('content-length') ?? Number.NaN);
      if (said > maxBytes) throw new RegistryFault(`the answer has ${said} bytes where ${maxBytes} are taken`);
      let length = 0;
      for await (const piece of this.#body ?? []) {
        this.#alive();
        length += piece.length;
        if (length > maxBytes) throw new RegistryFault(`the answer has more than the ${maxBytes} bytes that are taken`);
        yield piece;
      }
    } catch (error) {
      throw faultOf(error);
    } finally {
      await this.drop();
    }
  }

  /** All of it. */
  async bytes(maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.pieces(maxBytes)) pieces.push(piece);
    return Uint8Array.from(Buffer.concat(pieces));
  }
}

/**
 * Asks a registry, and once more where that may help.
 *
 * Redirects are followed by hand: what says who asks (`Authorization`) goes to no other origin (RFC 9110, 15.4), and nothing goes
 * from HTTPS to HTTP.
 *
 * @throws {RegistryFault} where there is no answer.
 */
export async function ask(request: RegistryRequest): Promise<RegistryAnswer> {
  // An upload is begun anew by who wants it; a request without an effect is asked again here.
  const attempts = request.method === 'GET' || request.method === 'HEAD' ? ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await follow(request);
      if (!PASSING.has(answer.status) || attempt === attempts) return answer;
      await answer.drop();
    } catch (error) {
      request.signal?.throwIfAborted();
      if (attempt === attempts || error instanceof RegistryFault) throw faultOf(error);
    }
    const pause = BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
    await delay(pause, undefined, { signal: request.signal }).catch((error: unknown) => {
      // What it was aborted with says why; the timer's own error does not.
      request.signal?.throwIfAborted();
      throw error;
    });
  }
}

async function follow(request: RegistryRequest): Promise<RegistryAnswer> {
  let { url, headers = {}, method, body } = request;
  for (let hops = 0; ; hops++) {
    const answer = await once({ ...request, url, headers, method, ...(body !== undefined && { body }) });
    const location = REDIRECTS.has(answer.status) ? answer.headers.get('location') : null;
    if (location === null) return answer;
    await answer.drop();
    if (!URL.canParse(location, url)) throw new RegistryFault('the registry redirects to what is no address');
    const next = new URL(location, url);
    if (hops === MAX_REDIRECTS) throw new RegistryFault(`the registry redirects more than ${MAX_REDIRECTS} times`);
    // What is posted to get a token is a secret.
    if (method === 'POST' && body !== undefined && next.origin !== url.origin) {
      throw new RegistryFault(`${url.host} has what it is told sent on to ${next.origin}`);
    }
    if (next.protocol !== 'https:' && next.origin !== request.url.origin) {
      throw new RegistryFault(`the registry redirects to ${next.origin}, which is not HTTPS`);
    }
    if (next.origin !== url.origin) headers = withoutAuthorization(headers);
    if (answer.status === 303) [method, body] = ['GET', undefined];
    url = next;
  }
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}

async function once({
  method,
  url,
  headers = {},
  body,
  signal,
  idleMs = IDLE_MS,
}: RegistryRequest): Promise<RegistryAnswer> {
  const stalled = new AbortController();
  const giveUp = (): void => stalled.abort(new RegistryFault(`${url.host} has sent nothing for ${idleMs / 1000} s`));
  const sendingMs = ((body?.length ?? 0) / MIN_UPLOAD_BYTES_PER_S) * 1000;
  let timer = setTimeout(giveUp, idleMs + sendingMs);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, idleMs);
  };
  const end = (): void => clearTimeout(timer);
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: signal === undefined ? stalled.signal : AbortSignal.any([stalled.signal, signal]),
      ...(body !== undefined && { body }),
    });
    alive();
    return new RegistryAnswer(response, url, alive, end);
  } catch (error) {
    end();
    throw error;
  }
}

/** `fetch failed` says nothing; its cause does. */
function faultOf(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const cause = error.cause instanceof Error ? error.cause : error;
  const said = cause.message || ('code' in cause ? String(cause.code) : cause.name);
  return new RegistryFault(said, {
    cause: error,
    hint: 'Is the registry there, and its certificate one that Node trusts?',
  });
}
