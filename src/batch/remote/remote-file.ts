import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { PluginError } from '../../errors.ts';
import { brokenFile, unusableFile } from '../file/errors.ts';
import type { RandomAccess } from '../format/random-access.ts';
import { extended, NOTHING_WRITTEN, type Written } from '../journal/written.ts';
import { backoffMs } from '../retry.ts';
import { ATTEMPTS, RemoteClient } from './client.ts';

const RETRY = { attempts: ATTEMPTS, backoffMs: 100, maxBackoffMs: 10_000 };

/** What is read from a server: from its beginning on, and where the connection breaks, from there on. */
export class RemoteFile {
  readonly name: string;
  /** Undefined where the server does not say. */
  readonly size: number | undefined;
  /** Of exactly these bytes; undefined where the server has none, or only a weak one. */
  readonly etag: string | undefined;
  readonly #client: RemoteClient;
  readonly #first: Response;
  /** Of the reading from beginning to end. */
  readonly #ended = new AbortController();

  private constructor(client: RemoteClient, first: Response) {
    this.name = client.name;
    this.#client = client;
    this.#first = first;
    const { headers } = first;
    // What is encoded on the way has another length than what arrives.
    const encoded = !['', 'identity'].includes(headers.get('content-encoding') ?? '');
    const length = headers.get('content-length');
    this.size = length === null || encoded ? undefined : Number(length);
    const etag = headers.get('etag');
    this.etag = etag === null || etag.startsWith('W/') || encoded ? undefined : etag;
  }

  /** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
  static async open(path: string, interrupt: AbortSignal | undefined): Promise<RemoteFile> {
    const client = await RemoteClient.open(path);
    try {
      const headers = { 'accept-encoding': 'identity' };
      return new RemoteFile(client, await client.request({ method: 'GET', headers, signal: interrupt }));
    } catch (error) {
      if (interrupt?.aborted) {
        throw new PluginError('ERR_ABORTED', `Interrupted before \`${client.name}\` had answered`, { cause: error });
      }
      throw unusableFile('read', client.name, error);
    }
  }

  /** All its bytes. */
  stream(chunkBytes: number): Readable {
    const bytes = this.#bytes();
    let state: 'idle' | 'reading' = 'idle';
    return new Readable({
      highWaterMark: chunkBytes,
      read() {
        if (state === 'reading') return;
        state = 'reading';
        bytes.next().then(
          ({ done, value }) => {
            state = 'idle';
            this.push(done ? null : value);
          },
          (error: unknown) => this.destroy(error as Error),
        );
      },
      destroy: (error, done) => {
        this.#ended.abort();
        done(error);
      },
    });
  }

  /** Its bytes at any place; undefined where the length is not known, without which there are none. */
  get random(): RandomAccess | undefined {
    const { size } = this;
    if (size === undefined) return undefined;
    return { size, read: (start, end) => this.#part(start, end) };
  }

  async #part(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (start === end) return new Uint8Array(0);
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#ask({ range: `bytes=${start}-${end - 1}` }, undefined);
        if (response.status !== 206) throw brokenFile('reading', this.name, 'its server gives no parts of it');
        return new Uint8Array(await response.arrayBuffer());
      } catch (error) {
        if (error instanceof PluginError || attempt === ATTEMPTS) throw error;
        await delay(backoffMs(attempt, RETRY));
      }
    }
  }

  async *#bytes(): AsyncGenerator<Buffer> {
    let read = NOTHING_WRITTEN;
    let failures = 0;
    let body = this.#first.body;
    for (;;) {
      try {
        for await (const chunk of body ?? []) {
          const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
          read = extended(read, bytes);
          failures = 0;
          yield bytes;
        }
        if (this.size === undefined || read.bytes === this.size) return;
        throw new Error(`it ends after ${read.bytes} of ${this.size} bytes`);
      } catch (error) {
        if (error instanceof PluginError || ++failures === ATTEMPTS || this.#ended.signal.aborted) throw error;
      }
      await delay(backoffMs(failures, RETRY), undefined, { signal: this.#ended.signal });
      body = await this.#from(read);
    }
  }

  /** What comes behind what was read. Without a tag that can be compared the whole is asked for, and its beginning compared. */
  async #from(read: Written): Promise<Response['body']> {
    const response = await this.#ask(
      this.etag === undefined ? {} : { range: `bytes=${read.bytes}-` },
      this.#ended.signal,
    );
    if (response.status === 200) return skipped(response, read, this.name);
    const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (from !== `${read.bytes}`) throw changed(this.name, 'its server gives another part of it than was asked for');
    return response.body;
  }

  /** Asks again, unless it is another file by now. */
  async #ask(range: { readonly range?: string }, signal: AbortSignal | undefined): Promise<Response> {
    const headers: Record<string, string> = { ...range };
    // Where a part is asked for, `fetch` itself adds that, behind a signature.
    if (range.range === undefined) headers['accept-encoding'] = 'identity';
    if (this.etag !== undefined) headers['if-range'] = this.etag;
    const response = await this.#client.request({ method: 'GET', headers, signal }, [412, 416]);
    const etag = response.headers.get('etag');
    if (response.status >= 400 || (this.etag !== undefined && etag !== this.etag)) {
      await response.body?.cancel();
      throw changed(this.name, 'it has changed since it was opened');
    }
    return response;
  }
}

/** A server that gives no parts gives the whole again: what was read is compared, and left out. */
async function skipped(response: Response, read: Written, name: string): Promise<Response['body']> {
  let again = NOTHING_WRITTEN;
  return response.body!.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        const known = chunk.subarray(0, read.bytes - again.bytes);
        again = extended(again, known);
        if (again.bytes === read.bytes && again.crc !== read.crc) {
          controller.error(changed(name, 'it has changed since it was opened'));
        } else if (known.length < chunk.length) controller.enqueue(chunk.subarray(known.length));
      },
    }),
  );
}

function changed(name: string, how: string): PluginError {
  return brokenFile('reading', name, how);
}
