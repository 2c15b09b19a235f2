import { Buffer } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import type { AwsClient } from 'aws4fetch';
import { PluginError } from '../../errors.ts';
import { unusableFile } from '../file/errors.ts';
import { loadPeer } from '../format/peer.ts';
import { backoffMs } from '../retry.ts';
import { shownUrl } from './url.ts';

/** Attempts in a row without a byte that came, before it is given up. */
export const ATTEMPTS = 6;
const RETRY = { attempts: ATTEMPTS, backoffMs: 100, maxBackoffMs: 10_000 };
/** Milliseconds that a server may ask to wait. */
const MAX_WAIT_MS = 60_000;
/** What may pass (RFC 9110, 15.5 and 15.6; RFC 6585). */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What is asked of a server. */
export interface RemoteRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** What is asked of an object of S3, behind the question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Blob;
  readonly signal?: AbortSignal | undefined;
}

/** Asks one URL, with a signature where it is one of S3, and again where that may help. */
export class RemoteClient {
  readonly name: string;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signer: AwsClient | undefined;

  /** Whether it asks as S3 wants it. */
  get isS3(): boolean {
    return this.#signer !== undefined;
  }

  private constructor(name: string, url: string, headers: Readonly<Record<string, string>>, signer?: AwsClient) {
    this.name = name;
    this.#url = url;
    this.#headers = headers;
    this.#signer = signer;
  }

  /** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
  static async open(path: string): Promise<RemoteClient> {
    if (!URL.canParse(path)) throw unusableFile('use', shownUrl(path), 'it is no URL');
    const url = new URL(path);
    if (url.protocol === 's3:') return RemoteClient.#openS3(path);
    const { username, password } = url;
    url.username = '';
    url.password = '';
    const secret = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
    const headers: Record<string, string> =
      username === '' && password === '' ? {} : { authorization: `Basic ${secret}` };
    return new RemoteClient(shownUrl(path), url.href, headers);
  }

  /** What S3's own tools take from the environment, so that no secret stands in a command. */
  static async #openS3(path: string): Promise<RemoteClient> {
    const [, bucket = '', key = ''] = /^s3:\/\/([^/?#]*)\/?(.*)$/is.exec(path)!;
    const { env } = process;
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
    if (!/^[a-z0-9][a-z0-9.-]*$/i.test(bucket) || key === '')
      throw unusableFile('use', path, 'it names no bucket and key');
    if (!accessKeyId || !secretAccessKey) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `Cannot use \`${path}\`: nobody says as whom`, {
        hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL_S3 for a service other than AWS.',
      });
    }
    const { AwsClient } = await loadPeer<typeof import('aws4fetch')>('aws4fetch', 'S3');
    const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
    const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
    const host = endpoint
      ? `${endpoint.replace(/\/+$/, '')}/${bucket}`
      : `https://${bucket}.s3.${region}.amazonaws.com`;
    const encoded = key.split('/').map(encodeURIComponent).join('/');
    const { AWS_SESSION_TOKEN: sessionToken } = env;
    const signer = new AwsClient({
      accessKeyId,
      secretAccessKey,
      service: 's3',
      region,
      retries: 0,
      ...(sessionToken && { sessionToken }),
    });
    return new RemoteClient(path, `${host}/${encoded}`, {}, signer);
  }

  /**
   * Asks until there is an answer that will not be another one.
   *
   * @param expected What else than 2xx is one.
   * @throws {Error} which says the status, or why there is no answer.
   */
  async request(request: RemoteRequest, expected: readonly number[] = []): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      let wait = backoffMs(attempt, RETRY);
      try {
        const response = await this.#ask(request);
        if (response.ok || expected.includes(response.status)) return response;
        await response.body?.cancel();
        if (!PASSING.has(response.status) || attempt === ATTEMPTS) throw new StatusError(response.status);
        const asked = Number(response.headers.get('retry-after')) * 1000;
        if (asked > 0) wait = Math.min(asked, MAX_WAIT_MS);
      } catch (error) {
        if (error instanceof StatusError || attempt === ATTEMPTS || request.signal?.aborted) throw reasonOf(error);
      }
      await delay(wait, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  }

  async #ask({ method, query, headers, body, signal }: RemoteRequest): Promise<Response> {
    const url = query === undefined ? this.#url : `${this.#url}?${query}`;
    const init = {
      method,
      headers: { ...this.#headers, ...headers },
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal }),
    };
    if (this.#signer === undefined) return fetch(url, init);
    return fetch(await this.#signer.sign(url, init), signal === undefined ? {} : { signal });
  }
}

class StatusError extends Error {
  constructor(status: number) {
    super(`the server answers ${status}`);
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): unknown {
  return error instanceof TypeError && error.cause !== undefined ? error.cause : error;
}
