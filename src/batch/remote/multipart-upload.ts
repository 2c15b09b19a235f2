import { Buffer } from 'node:buffer';
import type { Sink } from '../file/sink.ts';
import type { RemoteClient } from './client.ts';

/** S3 takes parts of 5 MiB and more, but for the last one, and 10,000 of them: later ones are larger, up to some 500 GB in all. */
const PART_BYTES = 8 * 1024 * 1024;
const DOUBLED_AFTER = 2000;

/**
 * An object of S3 that is put there in parts while the run writes, in the memory of a few of them. Nobody sees any of it before
 * it is complete. One that is small is put there at once.
 */
export class MultipartUpload implements Sink {
  readonly #client: RemoteClient;
  #pieces: Buffer[] = [];
  #length = 0;
  #upload: string | undefined;
  /** What the server calls the parts, in their order. */
  readonly #tags: string[] = [];
  /** The part that is on its way. */
  #sending: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  readonly #ended = new AbortController();
  #state: 'open' | 'complete' = 'open';

  constructor(client: RemoteClient) {
    this.#client = client;
  }

  async write(bytes: Buffer): Promise<void> {
    // The writer takes its memory back.
    this.#pieces.push(Buffer.from(bytes));
    this.#length += bytes.length;
    if (this.#length >= partBytes(this.#tags.length)) await this.#send();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async sync(): Promise<void> {}

  async cut(): Promise<void> {}

  async finish(): Promise<void> {
    if (this.#upload === undefined) {
      const response = await this.#client.request({ method: 'PUT', body: this.#take() });
      await response.body?.cancel();
    } else {
      if (this.#length > 0) await this.#send();
      await this.#sending;
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#complete(this.#upload);
    }
    this.#state = 'complete';
  }

  /** What is not complete is taken away: the server keeps its parts otherwise, and has somebody pay for them. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#sending;
    if (this.#upload === undefined || this.#state === 'complete') return;
    const query = `uploadId=${encodeURIComponent(this.#upload)}`;
    const response = await this.#client.request({ method: 'DELETE', query }, [404]).catch(() => undefined);
    await response?.body?.cancel();
  }

  /** Sends what was collected once the part before is there, and waits no longer than that. */
  async #send(): Promise<void> {
    await this.#sending;
    if (this.#failure !== undefined) return;
    this.#upload ??= await this.#begin();
    const body = this.#take();
    this.#sending = this.#put(this.#upload, body).catch((error: unknown) => {
      this.#failure = { error };
    });
  }

  #take(): Blob {
    const body = new Blob(this.#pieces as Buffer<ArrayBuffer>[]);
    this.#pieces = [];
    this.#length = 0;
    return body;
  }

  async #begin(): Promise<string> {
    const response = await this.#client.request({ method: 'POST', query: 'uploads' });
    const id = /<UploadId>([^<]+)<\/UploadId>/.exec(await response.text())?.[1];
    if (id === undefined) throw new Error('the server begins no upload in parts');
    return unescaped(id);
  }

  async #put(upload: string, body: Blob): Promise<void> {
    const query = `partNumber=${this.#tags.length + 1}&uploadId=${encodeURIComponent(upload)}`;
    const response = await this.#client.request({ method: 'PUT', query, body, signal: this.#ended.signal });
    await response.body?.cancel();
    const tag = response.headers.get('etag');
    if (tag === null) throw new Error('the server does not say what it calls a part');
    this.#tags.push(tag);
  }

  async #complete(upload: string): Promise<void> {
    const parts = this.#tags.map(
      (tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`,
    );
    const body = new Blob([`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`]);
    const response = await this.#client.request({
      method: 'POST',
      query: `uploadId=${encodeURIComponent(upload)}`,
      body,
    });
    // It answers before it has put the parts together, and says afterwards whether that went well.
    const error = /<Error>.*?<Code>([^<]*)<\/Code>/s.exec(await response.text())?.[1];
    if (error !== undefined) throw new Error(`the server cannot put the parts together: ${error}`);
  }
}

/** How many bytes a part has, after so many. */
function partBytes(parts: number): number {
  return PART_BYTES * 2 ** Math.floor(parts / DOUBLED_AFTER);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (char) => ENTITIES[char]!);
}

function unescaped(text: string): string {
  return text.replaceAll(
    /&(?:amp|lt|gt|quot);/g,
    (entity) => Object.keys(ENTITIES).find((char) => ENTITIES[char] === entity)!,
  );
}
