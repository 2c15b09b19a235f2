import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { AwsV4Signer } from 'aws4fetch';
import { expect } from 'chai';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { PluginEngine } from '../../src/engine.ts';
import type { FileBatchOptions } from '../../src/index.ts';
import { jsonl } from '../cli/cli.ts';
import { echo } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

/** A server of files, with tags and parts as RFC 9110 has them, that breaks connections and fails as it is told. */
class FileServer {
  readonly files = new Map<string, Buffer>();
  readonly asked: { method: string; range: string | undefined; authorization: string | undefined }[] = [];
  /** Bytes after which the connection of an answer is cut; each of them once. */
  cuts: number[] = [];
  /** Answers before the first one that is true. */
  failures: (number | undefined)[] = [];
  tags: 'strong' | 'none' = 'strong';
  check: (request: IncomingMessage) => Promise<boolean> = async () => true;
  /** Uploads to S3 in parts, by their names, and the parts by their numbers. */
  readonly uploads = new Map<string, Map<number, Buffer>>();
  /** Fails to put parts together, behind a status of 200. */
  breaksUploads = false;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    this.asked.push({ method, range: headers.range, authorization: headers.authorization });
    const failure = this.failures.shift();
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    if (failure !== undefined) return void response.writeHead(failure).end();
    if (!(await this.check(request))) return void response.writeHead(403).end();
    const path = url.replace(/\?.*$/, '');
    const query = new URL(url, 'http://localhost').searchParams;
    if (query.has('uploads') || query.has('uploadId'))
      return this.#part(method, path, query, Buffer.concat(pieces), response);
    if (method === 'PUT') {
      this.files.set(path, Buffer.concat(pieces));
      return void response.writeHead(200).end();
    }
    const file = this.files.get(path);
    if (file === undefined) return void response.writeHead(404).end();
    const etag = `"${createHash('md5').update(file).digest('hex')}"`;
    if (this.tags === 'strong') response.setHeader('etag', etag);
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    const partial = range !== null && (headers['if-range'] === undefined || headers['if-range'] === etag);
    const from = partial ? Number(range[1]) : 0;
    const to = partial && range[2] !== '' ? Number(range[2]) + 1 : file.length;
    const body = file.subarray(from, to);
    response.setHeader('content-length', body.length);
    if (partial) response.setHeader('content-range', `bytes ${from}-${to - 1}/${file.length}`);
    response.writeHead(partial ? 206 : 200);
    const cut = this.cuts.shift();
    if (cut === undefined || cut >= body.length) return void response.end(body);
    response.write(body.subarray(0, cut), () => response.destroy());
  }

  /** As S3 has it: CreateMultipartUpload, UploadPart, CompleteMultipartUpload and AbortMultipartUpload. */
  #part(method: string, path: string, query: URLSearchParams, body: Buffer, response: ServerResponse): void {
    if (method === 'POST' && query.has('uploads')) {
      const id = `up/load&${this.uploads.size}`;
      this.uploads.set(id, new Map());
      return void response.end(`<R><UploadId>${id.replace('&', '&amp;')}</UploadId></R>`);
    }
    const id = query.get('uploadId')!;
    const parts = this.uploads.get(id);
    if (parts === undefined) return void response.writeHead(404).end();
    if (method === 'PUT') {
      parts.set(Number(query.get('partNumber')), body);
      return void response.writeHead(200, { etag: tagOf(body) }).end();
    }
    this.uploads.delete(id);
    if (method === 'DELETE') return void response.writeHead(204).end();
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>&quot;(\w+)&quot;<\/ETag>/g)];
    const pieces = named.map(([, number]) => parts.get(Number(number))!);
    const sound =
      named.every(([, number, tag], at) => Number(number) === at + 1 && tagOf(pieces[at]!) === `"${tag}"`) &&
      named.length === parts.size &&
      pieces.slice(0, -1).every(({ length }) => length >= LEAST_PART_BYTES);
    if (!sound || this.breaksUploads) {
      return void response.end('<?xml version="1.0"?>\n<Error><Code>InvalidPart</Code></Error>');
    }
    this.files.set(path, Buffer.concat(pieces));
    response.end('<CompleteMultipartUploadResult/>');
  }
}

/** What S3 does not take for a part, but for the last one. */
const LEAST_PART_BYTES = 5 * 1024 * 1024;

const tagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;

describe('engine.batchFiles() over HTTP and S3', function () {
  this.timeout(60_000);
  let engine: PluginEngine;
  let folder = '';
  let server: FileServer;
  let base = '';
  const at = (name: string): string => join(folder, name);
  const environment = { ...process.env };

  before(async () => {
    engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-remote-'));
    server = new FileServer();
    base = await server.open();
  });
  afterEach(async () => {
    process.env = { ...environment };
    await server.close();
    await rm(folder, { recursive: true });
  });
  after(closeEngines);

  const run = (input: string, output: string, options: Partial<FileBatchOptions> = {}) =>
    engine.batchFiles({ plugin: 'echo', ordered: true, ...options, input, output });
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, index) => `${JSON.stringify({ input: `${index} ${'x'.repeat(50)}` })}\n`).join(
      '',
    );
  const inputs = (text: string): unknown[] => jsonl(text).map(({ input }) => input);
  const outputs = (text: string): unknown[] => jsonl(text).map(({ output }) => output);

  for (const tags of ['strong', 'none'] as const) {
    it(`reads what breaks off, from where it was (tags: ${tags})`, async () => {
      const text = lines(20_000);
      server.files.set('/in.jsonl', Buffer.from(text));
      server.tags = tags;
      server.cuts = [1000, 400_000, 700_000];
      const summary = await run(`${base}/in.jsonl?secret=1`, at('out.jsonl'));
      expect(summary.succeeded).to.equal(20_000);
      expect(outputs(await readFile(at('out.jsonl'), 'utf8'))).to.deep.equal(inputs(text));
      expect(server.asked.length).to.equal(4);
      expect(server.asked.slice(1).every(({ range }) => (range === undefined) === (tags === 'none'))).to.equal(true);
    });
  }

  it('tries again what may pass, and not what will not', async () => {
    server.files.set('/in.jsonl', Buffer.from(lines(10)));
    server.failures = [503, 429];
    expect((await run(`${base}/in.jsonl`, at('out.jsonl'))).succeeded).to.equal(10);
    const error = await rejection(run(`${base}/none.jsonl?secret=1`, at('none.jsonl')));
    expect([error.code, error.message]).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      `Cannot read \`${base}/none.jsonl\`: the server answers 404`,
    ]);
  });

  it('fails where what it reads becomes another meanwhile', async () => {
    for (const tags of ['strong', 'none'] as const) {
      server.files.set('/in.jsonl', Buffer.from(lines(20_000)));
      server.tags = tags;
      server.cuts = [500_000];
      const error = await rejection(
        run(`${base}/in.jsonl`, at(`${tags}.jsonl`), {
          progressIntervalMs: 1,
          onProgress: ({ bytesRead }) => {
            if (bytesRead > 0) server.files.set('/in.jsonl', Buffer.from(lines(20_000).replaceAll('x', 'y')));
          },
        }),
      );
      expect([error.code, /has changed since it was opened/.test(error.message)]).to.deep.equal([
        'ERR_BATCH_FILE',
        true,
      ]);
    }
  });

  it('goes on where a run was interrupted, and not with another file', async () => {
    const text = lines(20_000);
    server.files.set('/in.jsonl.gz', gzipSync(text));
    const input = `${base}/in.jsonl.gz`;
    const interrupted = async (): Promise<void> => {
      const controller = new AbortController();
      const summary = await run(input, at('out.jsonl'), {
        interrupt: controller.signal,
        concurrency: 2,
        deadlineMs: 60_000,
        progressIntervalMs: 1,
        onProgress: ({ done }) => {
          if (done > 100) controller.abort();
        },
      });
      expect(summary.interrupted).to.equal(true);
    };
    await interrupted();
    const file = server.files.get('/in.jsonl.gz')!;
    server.files.set('/in.jsonl.gz', gzipSync(text.replaceAll('x', 'y')));
    const options = { resume: true, concurrency: 2, deadlineMs: 60_000 };
    expect((await rejection(run(input, at('out.jsonl'), options))).code).to.equal('ERR_BATCH_JOURNAL');
    server.files.set('/in.jsonl.gz', file);
    const summary = await run(input, at('out.jsonl'), options);
    expect([summary.records, summary.resumed > 0]).to.deep.equal([20_000, true]);
    expect(outputs(await readFile(at('out.jsonl'), 'utf8'))).to.deep.equal(inputs(text));
  });

  it('puts an output there when it is complete, and nothing before', async () => {
    await writeFile(at('in.jsonl'), lines(3000));
    server.failures = [500];
    await run(at('in.jsonl'), `${base}/out.jsonl.gz`);
    expect(outputs(gunzipSync(server.files.get('/out.jsonl.gz')!).toString())).to.deep.equal(inputs(lines(3000)));
    const controller = new AbortController();
    controller.abort();
    await run(at('in.jsonl'), `${base}/other.jsonl`, { interrupt: controller.signal });
    expect([...server.files.keys()]).to.deep.equal(['/out.jsonl.gz']);
    const error = await rejection(run(at('in.jsonl'), `${base}/other.jsonl`, { resume: true }));
    expect([error.code, error.message]).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      '`resume` needs an output that is a regular file',
    ]);
    const secret = await rejection(run(at('in.jsonl'), 'http://ada:secret@host/out.jsonl?token=1', { resume: true }));
    expect(secret.hint)
      .to.contain('http://host/out.jsonl')
      .and.not.match(/secret|token/);
    expect(await readdir(folder)).to.deep.equal(['in.jsonl']);
  });

  it('reads Parquet by its parts', async () => {
    const data = Array.from({ length: 3000 }, (_, index) => `line ${index}`);
    const bytes = parquetWriteBuffer({ columnData: [{ name: 'input', data, type: 'STRING' }], rowGroupSize: 500 });
    server.files.set('/in.parquet', Buffer.from(bytes));
    await run(`${base}/in.parquet`, at('out.jsonl'));
    expect(outputs(await readFile(at('out.jsonl'), 'utf8'))).to.deep.equal(data);
  });

  it('says who asks as the URL does, and not in errors', async () => {
    const input = base.replace('http://', 'http://ada:pass%20word@');
    const error = await rejection(run(`${input}/in.jsonl`, at('out.jsonl')));
    expect(error.message).to.equal(`Cannot read \`${base}/in.jsonl\`: the server answers 404`);
    expect(server.asked[0]!.authorization).to.equal(`Basic ${Buffer.from('ada:pass word').toString('base64')}`);
  });

  describe('with signatures of AWS', () => {
    beforeEach(() => {
      Object.assign(process.env, {
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_ENDPOINT_URL_S3: base,
        AWS_REGION: 'eu-central-1',
      });
      server.check = isSigned;
    });

    it('reads and writes objects, and reads on where they break off', async () => {
      server.files.set('/bucket/in%20put/a%2Bb.jsonl', Buffer.from(lines(20_000)));
      server.cuts = [400_000];
      await run('s3://bucket/in put/a+b.jsonl', 's3://bucket/out.csv', { outputColumns: ['index', 'success'] });
      const text = server.files.get('/bucket/out.csv')!.toString();
      expect(text.split('\n').length).to.equal(20_002);
      expect(server.asked.map(({ method, range }) => [method, range])).to.deep.equal([
        ['GET', undefined],
        ['GET', server.asked[1]!.range],
        ['PUT', undefined],
      ]);
      expect(server.asked[1]!.range).to.match(/^bytes=\d+-$/);
    });

    describe('an object that is large', () => {
      const COUNT = 20_000;
      let input = '';

      beforeEach(async () => {
        input = at('in.jsonl');
        const record = `${JSON.stringify({ input: 'x'.repeat(1000) })}\n`;
        await writeFile(input, record.repeat(COUNT));
      });

      it('is put there in parts, each again where it fails', async () => {
        server.failures = [503, undefined, 503];
        await run(input, 's3://bucket/out.jsonl');
        const text = server.files.get('/bucket/out.jsonl')!.toString();
        expect(text.split('\n').length).to.equal(COUNT + 1);
        expect(text.split('\n')[COUNT - 1]).to.match(new RegExp(`^{"index":${COUNT - 1},`));
        const methods = server.asked.map(({ method }) => method);
        expect(methods).to.deep.equal(['POST', 'POST', 'PUT', 'PUT', 'PUT', 'PUT', 'POST']);
        expect(server.uploads.size).to.equal(0);
      });

      it('is not there, and nothing of it, where the run does not get to its end', async () => {
        const controller = new AbortController();
        const aborted = await rejection(
          run(input, 's3://bucket/out.jsonl', {
            signal: controller.signal,
            progressIntervalMs: 1,
            onProgress: () => {
              if (server.uploads.size > 0) controller.abort();
            },
          }),
        );
        expect(aborted.code).to.equal('ERR_ABORTED');
        expect(server.asked.at(-1)!.method).to.equal('DELETE');
        expect([server.files.size, server.uploads.size]).to.deep.equal([0, 0]);
      });

      it('is not there where a part is refused, or they cannot be put together', async () => {
        server.failures = [undefined, 403];
        const refused = await rejection(run(input, 's3://bucket/out.jsonl'));
        expect([refused.code, refused.message]).to.deep.equal([
          'ERR_BATCH_FILE',
          'Cannot go on writing `s3://bucket/out.jsonl`: the server answers 403',
        ]);
        server.breaksUploads = true;
        const broken = await rejection(run(input, 's3://bucket/out.jsonl'));
        expect(broken.message).to.equal(
          'Cannot go on writing `s3://bucket/out.jsonl`: the server cannot put the parts together: InvalidPart',
        );
        expect([server.files.size, server.uploads.size]).to.deep.equal([0, 0]);
      });
    });

    it('is not gone on with, and the hint says what a run that was killed may have left', async () => {
      await writeFile(at('in.jsonl'), lines(1));
      const error = await rejection(run(at('in.jsonl'), 's3://bucket/out.jsonl', { resume: true }));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.hint).to.contain('abort-multipart-upload');
      expect(server.asked).to.deep.equal([]);
    });

    it('is refused with another secret, and says so; and without one', async () => {
      server.files.set('/bucket/in.jsonl', Buffer.from(lines(1)));
      process.env.AWS_SECRET_ACCESS_KEY = 'another';
      const error = await rejection(run('s3://bucket/in.jsonl', at('out.jsonl')));
      expect(error.message).to.equal('Cannot read `s3://bucket/in.jsonl`: the server answers 403');
      delete process.env.AWS_SECRET_ACCESS_KEY;
      expect((await rejection(run('s3://bucket/in.jsonl', at('out.jsonl')))).hint).to.contain('AWS_ACCESS_KEY_ID');
    });
  });
});

/** Whether a request has the signature of the one who knows the secret (AWS Signature Version 4). */
async function isSigned(request: IncomingMessage): Promise<boolean> {
  const { headers, method = '', url = '' } = request;
  const parts =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request, SignedHeaders=(\S+), /.exec(
      headers.authorization ?? '',
    );
  if (parts === null) return false;
  const signed = parts[1]!.split(';').filter((name) => name !== 'host');
  const signer = new AwsV4Signer({
    method,
    url: `http://${headers.host}${url}`,
    headers: Object.fromEntries(signed.map((name) => [name, `${headers[name]}`])),
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'secret',
    service: 's3',
    region: 'eu-central-1',
    datetime: `${headers['x-amz-date']}`,
  });
  return (await signer.sign()).headers.get('authorization') === headers.authorization;
}
