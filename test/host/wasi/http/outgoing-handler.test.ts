import { writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { WINDOW_BYTES } from '../../../../src/host/wasi/network/limits.ts';
import { until } from '../../../support/outcome.ts';
import { closedPort, endAll, httpServer, nameServer, networked, tcpServer } from '../network/local.ts';
import { closeAll, err, tree } from '../sandbox.ts';
import { HttpClient, httpFailure } from './client.ts';

const LOOPBACK = '127.0.0.1';

/** Answers with what it was asked. */
const echo = (): ReturnType<typeof httpServer> =>
  httpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers, trailers } = request;
      response.end(JSON.stringify({ method, url, headers, trailers, body: Buffer.concat(chunks).toString() }));
    });
  });

interface Echoed {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: Readonly<Record<string, string>>;
  readonly body: string;
}

describe('wasi:http/outgoing-handler', function () {
  this.timeout(20_000);
  afterEach(async () => {
    closeAll();
    await endAll();
  });

  describe('where a grant covers the host', () => {
    it('sends a request and gives the response', async () => {
      const { port } = await echo();
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
      const answer = await client.send({
        authority: `${LOOPBACK}:${port}`,
        path: '/a?b=c',
        headers: { 'x-one': '1', 'User-Agent': 'guest' },
      });
      expect(answer.status).to.equal(200);
      const { method, url, headers }: Echoed = JSON.parse(answer.body.toString());
      expect({ method, url, headers }).to.deep.equal({
        method: 'GET',
        url: '/a?b=c',
        headers: { host: `${LOOPBACK}:${port}`, 'x-one': '1', 'user-agent': 'guest', connection: 'close' },
      });
      // Headers of the transport are not the guest's business.
      expect(answer.headers).to.not.have.any.keys('connection', 'keep-alive', 'transfer-encoding');
    });

    it('uploads a body piece by piece, with trailers', async () => {
      const { port } = await echo();
      const client = new HttpClient(networked([`localhost:${port}`]));
      const { body } = await client.send({
        authority: `localhost:${port}`,
        method: { tag: 'post' },
        body: ['one ', 'two ', 'three'],
        trailers: { 'x-checksum': '7' },
      });
      const echoed: Echoed = JSON.parse(body.toString());
      expect([echoed.method, echoed.body, echoed.trailers]).to.deep.equal([
        'POST',
        'one two three',
        { 'x-checksum': '7' },
      ]);
      expect(echoed.headers['transfer-encoding']).to.equal('chunked');
    });

    it('says how long a body is that is finished before the request is sent, or that announces it', async () => {
      const { port } = await echo();
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
      const request = client.request({ authority: `${LOOPBACK}:${port}`, method: { tag: 'put' } });
      const body = request.body();
      body.write().write(Buffer.from('hello'));
      client.types.OutgoingBody.finish(body, undefined);
      const finished = await client.read(await client.response(client.handle(request)));
      const announced = await client.send({
        authority: `${LOOPBACK}:${port}`,
        method: { tag: 'put' },
        headers: { 'Content-Length': '5' },
        body: ['he', 'llo'],
      });
      for (const { body } of [finished, announced]) {
        const echoed: Echoed = JSON.parse(body.toString());
        expect([echoed.body, echoed.headers['content-length'], echoed.headers['transfer-encoding']]).to.deep.equal([
          'hello',
          '5',
          undefined,
        ]);
      }
    });

    it('streams large bodies both ways, and holds up whoever is too fast', async () => {
      const MiB = 1024 * 1024;
      let sent = 0;
      const { port } = await httpServer((request, response) => {
        let received = 0;
        request.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
        request.on('end', () => {
          response.setHeader('x-received', received);
          const chunk = Buffer.alloc(64 * 1024, 'x');
          const more = (): void => {
            while (sent < 24 * MiB) {
              sent += chunk.length;
              if (!response.write(chunk)) {
                response.once('drain', more);
                return;
              }
            }
            response.end();
          };
          more();
        });
      });
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`], { policy: { maxHostCalls: 1e9 } }));
      const authority = `${LOOPBACK}:${port}`;
      const { future, body } = client.begin({ authority, method: { tag: 'post' }, body: [] });
      const upload = body!.write();
      await client.write(upload, new Uint8Array(6 * MiB).fill(0x79));
      upload[Symbol.dispose]();
      client.types.OutgoingBody.finish(body!, undefined);
      const response = await client.response(future);
      // Nobody reads yet: what the server could send is what the buffers of the system and one window hold.
      for (let before = -1; before !== sent; ) {
        before = sent;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(sent).to.be.below(24 * MiB);
      const answer = await client.read(response);
      expect(answer.headers['x-received']).to.equal(String(6 * MiB));
      expect(answer.body.length).to.equal(24 * MiB);
    });

    it('gives the trailers, also when the body is not read', async () => {
      const { port } = await httpServer((_request, response) => {
        response.writeHead(200, { Trailer: 'x-end' });
        response.write('x'.repeat(1_000_000));
        response.addTrailers({ 'x-end': 'yes' });
        response.end();
      });
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
      const answer = await client.send({ authority: `${LOOPBACK}:${port}` });
      expect([answer.body.length, answer.trailers]).to.deep.equal([1_000_000, { 'x-end': 'yes' }]);
      const response = await client.response(client.begin({ authority: `${LOOPBACK}:${port}` }).future);
      const future = client.types.IncomingBody.finish(response.consume());
      await until(() => future.subscribe().ready());
      const result = future.get();
      const trailers = result?.tag === 'ok' && result.val.tag === 'ok' ? result.val.val : undefined;
      expect(trailers?.entries().map(([name]) => name)).to.deep.equal(['x-end']);
      expect(future.get()).to.deep.equal({ tag: 'err', val: undefined });
    });

    it('answers each question of the interface once', async () => {
      const { port } = await echo();
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
      const { future } = client.begin({ authority: `${LOOPBACK}:${port}` });
      expect(future.get()).to.equal(undefined);
      await until(() => future.subscribe().ready());
      const result = future.get();
      expect(future.get()).to.deep.equal({ tag: 'err', val: undefined });
      if (result?.tag !== 'ok' || result.val.tag !== 'ok') throw new Error('no response');
      const response = result.val.val;
      const body = response.consume();
      expect(err(() => response.consume())).to.equal(undefined);
      body.stream();
      expect(err(() => body.stream())).to.equal(undefined);
    });

    it('does not follow redirects: the guest gets them, and its next request is checked like the first', async () => {
      let requests = 0;
      const secret = await httpServer((_request, response) => {
        requests++;
        response.end();
      });
      const location = `http://${LOOPBACK}:${secret.port}/`;
      const { port } = await httpServer((_request, response) => {
        response.writeHead(302, { location });
        response.end();
      });
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
      const answer = await client.send({ authority: `${LOOPBACK}:${port}` });
      expect([answer.status, answer.headers.location]).to.deep.equal([302, location]);
      expect(await httpFailure(client.send({ authority: new URL(location).host }))).to.deep.equal({
        tag: 'HTTP-request-denied',
      });
      expect([requests, secret.connections.length]).to.deep.equal([0, 0]);
    });
  });

  describe('denies', () => {
    const denied = { tag: 'HTTP-request-denied' };

    it('another host, another port, and what the same address is called otherwise', async () => {
      const server = await echo();
      const { port } = server;
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`, 'example.org:443', '*:80']));
      for (const authority of [
        'localhost:1',
        `localhost:${port}`,
        `127.0.0.2:${port}`,
        `[::1]:${port}`,
        `${LOOPBACK}:${port + 1}`,
        LOOPBACK,
        'example.org:444',
        'a.example.org:443',
        '169.254.169.254',
        '[::ffff:169.254.169.254]',
        '0xa9fea9fe',
      ]) {
        expect(await httpFailure(client.send({ authority })), authority).to.deep.equal(denied);
      }
      // Other spellings of what is granted are what is granted.
      for (const authority of [`127.1:${port}`, `0x7f000001:${port}`, `[::ffff:127.0.0.1]:${port}`]) {
        expect((await client.send({ authority })).status, authority).to.equal(200);
      }
      expect(server.connections.length).to.equal(3);
    });

    it('a name that resolves to an address which its grant does not cover', async () => {
      const server = await echo();
      const { address } = await nameServer({
        'rebound.test': [[LOOPBACK]],
        'private.test': [['10.0.0.1', '192.168.0.1']],
        'metadata.test': [['169.254.169.254']],
        'nowhere.test': [['0.0.0.0']],
      });
      const client = new HttpClient(networked([`*.test:${server.port}`, 'rebound.test:*'], { nameServers: [address] }));
      for (const name of ['rebound', 'private', 'metadata', 'nowhere']) {
        expect(await httpFailure(client.send({ authority: `${name}.test:${server.port}` })), name).to.deep.equal({
          tag: 'destination-IP-prohibited',
        });
      }
      expect(server.connections.length).to.equal(0);
    });

    it('nothing where the address is granted too, and connects to the address that was checked', async () => {
      const server = await echo();
      // What a rebinding server does: another address each time.
      const { address, questions } = await nameServer({ 'turning.test': [[LOOPBACK], ['127.0.0.2']] });
      const grants = [`turning.test:${server.port}`, `${LOOPBACK}:${server.port}`];
      const client = new HttpClient(networked(grants, { nameServers: [address] }));
      const authority = `turning.test:${server.port}`;
      const { headers }: Echoed = JSON.parse((await client.send({ authority })).body.toString());
      expect(headers.host).to.equal(authority);
      // Asked once for each request.
      expect(questions).to.deep.equal(['turning.test']);
      expect(await httpFailure(client.send({ authority }))).to.deep.equal({ tag: 'destination-IP-prohibited' });
      expect([questions.length, server.connections.length]).to.deep.equal([2, 1]);
    });

    it('the addresses of a name that it may not have, and uses the others', async () => {
      const server = await echo();
      const { address } = await nameServer({ 'mixed.test': [['10.0.0.1', LOOPBACK, '169.254.169.254']] });
      const grants = [`mixed.test:${server.port}`, `${LOOPBACK}:${server.port}`];
      const client = new HttpClient(networked(grants, { nameServers: [address] }));
      expect((await client.send({ authority: `mixed.test:${server.port}` })).status).to.equal(200);
    });

    it('names of the hosts file like those of a name server', async () => {
      const files = tree();
      const hostsFile = join(files.root, 'hosts');
      writeFileSync(hostsFile, '127.0.0.1 db.internal # the database\n10.0.0.1 DB2.internal\n');
      const server = await echo();
      const grants = [`*.internal:${server.port}`, `${LOOPBACK}:${server.port}`];
      const client = new HttpClient(networked(grants, { hostsFile, nameServers: [] }));
      expect((await client.send({ authority: `db.internal:${server.port}` })).status).to.equal(200);
      expect(await httpFailure(client.send({ authority: `db2.internal:${server.port}` }))).to.deep.equal({
        tag: 'destination-IP-prohibited',
      });
      files.remove();
    });

    it('tunnels, and requests that two readers could read differently', async () => {
      const server = await echo();
      const authority = `${LOOPBACK}:${server.port}`;
      const client = new HttpClient(networked([authority]));
      const tags = {
        'HTTP-request-method-invalid': [
          { authority, method: { tag: 'connect' } },
          { authority, method: { tag: 'other', val: 'Connect' } },
        ],
        'HTTP-request-URI-invalid': [
          { authority: `user:secret@${authority}` },
          { authority: `${authority}/path` },
          { authority: '' },
          { authority: `${LOOPBACK}:0` },
          { authority: `${LOOPBACK}:99999` },
          { authority, path: 'http://example.org/' },
          { authority, path: '*' },
        ],
        'HTTP-protocol-error': [{ authority, headers: { 'content-length': '5' } }],
      } as const;
      for (const [tag, requests] of Object.entries(tags)) {
        for (const init of requests) {
          expect(await httpFailure(client.send(init)), JSON.stringify(init)).to.deep.equal({ tag });
        }
      }
      const long = { authority, method: { tag: 'post' }, headers: { 'content-length': '3' }, body: ['four'] } as const;
      expect(await httpFailure(client.send(long))).to.deep.equal({ tag: 'HTTP-request-body-size', val: 3n });
      const twice = client.types.Fields.fromList([
        ['content-length', Buffer.from('5')],
        ['Content-Length', Buffer.from('6')],
      ]);
      expect(err(() => new client.types.OutgoingRequest(twice).body())).to.equal(undefined);
    });
  });

  describe('bounds', () => {
    it('the time until a server answers, and what it takes over its body', async () => {
      const { port } = await httpServer((request, response) => {
        if (request.url === '/slow') response.write('a beginning');
      });
      const authority = `${LOOPBACK}:${port}`;
      const client = new HttpClient(networked([authority]));
      const timeout = { tag: 'connection-read-timeout' };
      const first = client.send({ authority, options: (options) => options.setFirstByteTimeout(30_000_000n) });
      expect(await httpFailure(first)).to.deep.equal(timeout);
      const options = (options: { setBetweenBytesTimeout(ns: bigint): void }): void =>
        options.setBetweenBytesTimeout(30_000_000n);
      expect(await httpFailure(client.send({ authority, path: '/slow', options }))).to.deep.equal(timeout);
      const slow = new HttpClient(networked([authority], { limits: { firstByteTimeoutMs: 30 } }));
      expect(await httpFailure(slow.send({ authority }))).to.deep.equal(timeout);
      const short = new HttpClient(networked([authority], { policy: { wallTimeLimitMs: 30 } }));
      expect((await httpFailure(short.send({ authority }))).tag).to.be.oneOf([
        'HTTP-response-timeout',
        'connection-read-timeout',
      ]);
    });

    it('the time of a look-up', async () => {
      const { address } = await nameServer({ 'silent.test': [] });
      const client = new HttpClient(networked(['*:*'], { nameServers: [address], limits: { connectTimeoutMs: 30 } }));
      expect(await httpFailure(client.send({ authority: 'silent.test' }))).to.deep.equal({ tag: 'DNS-timeout' });
    });

    it('the sizes of heads and bodies, in both directions', async () => {
      const { port } = await httpServer((request, response) => {
        request.resume();
        if (request.url === '/head') response.setHeader('x-long', 'x'.repeat(5000));
        response.end('x'.repeat(5000));
      });
      const authority = `${LOOPBACK}:${port}`;
      const limits = { maxRequestBodyBytes: 1000, maxResponseBodyBytes: 4000, maxHeaderBytes: 2000 };
      const client = new HttpClient(networked([authority], { limits }));
      const post = { authority, method: { tag: 'post' }, body: ['x'.repeat(1001)] } as const;
      expect(await httpFailure(client.send(post))).to.deep.equal({ tag: 'HTTP-request-body-size', val: 1000n });
      expect(await httpFailure(client.send({ authority }))).to.deep.equal({
        tag: 'HTTP-response-body-size',
        val: 4000n,
      });
      expect(await httpFailure(client.send({ authority, path: '/head' }))).to.deep.equal({
        tag: 'HTTP-response-header-section-size',
        val: 2000,
      });
      const large = await httpFailure(client.send({ authority, headers: { 'x-long': 'x'.repeat(2000) } }));
      expect(large.tag).to.equal('HTTP-request-header-section-size');
    });

    it('what is kept of a body until its request is sent', () => {
      const client = new HttpClient(networked(['*:*'], {}));
      const stream = client.request({ authority: 'example.org' }).body().write();
      const room = Number(stream.checkWrite());
      expect(room).to.equal(512 * 1024);
      stream.write(new Uint8Array(room));
      expect([stream.checkWrite(), stream.subscribe().ready()]).to.deep.equal([0n, false]);
    });

    it('requests at the same time', async () => {
      const { port } = await httpServer(() => {});
      const authority = `${LOOPBACK}:${port}`;
      const client = new HttpClient(networked([authority], { limits: { maxOpen: 2 } }));
      const futures = [client.begin({ authority }).future, client.begin({ authority }).future];
      expect(err(() => client.begin({ authority }))).to.deep.equal({ tag: 'connection-limit-reached' });
      futures[0]![Symbol.dispose]();
      client.begin({ authority });
    });
  });

  describe('says in the words of the interface', () => {
    it('that nobody listens, that there is no such name, and that a name server fails', async () => {
      const { address } = await nameServer({ 'empty.test': [[]] });
      const port = await closedPort();
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`, '*:*'], { nameServers: [address] }));
      const failures = {
        [`${LOOPBACK}:${port}`]: { tag: 'connection-refused' },
        'unknown.test': { tag: 'destination-not-found' },
        'empty.test': { tag: 'destination-not-found' },
      };
      for (const [authority, failure] of Object.entries(failures)) {
        expect(await httpFailure(client.send({ authority })), authority).to.deep.equal(failure);
      }
    });

    const responses: readonly (readonly [what: string, response: string, failure: object])[] = [
      ['ends in its middle', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', { tag: 'HTTP-response-incomplete' }],
      ['does not come', '', { tag: 'connection-terminated' }],
      [
        'is interim without end',
        'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100),
        { tag: 'HTTP-protocol-error' },
      ],
      ['is interim without end, to go on', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100), { tag: 'HTTP-protocol-error' }],
      ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', { tag: 'HTTP-protocol-error' }],
      [
        'has two lengths',
        'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
        { tag: 'HTTP-protocol-error' },
      ],
      [
        'switches protocols',
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
        { tag: 'HTTP-upgrade-failed' },
      ],
    ];
    for (const [what, response, failure] of responses) {
      it(`that a response ${what}`, async () => {
        const { port } = await tcpServer((socket) => socket.once('data', () => socket.end(response)));
        const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
        expect(await httpFailure(client.send({ authority: `${LOOPBACK}:${port}` }))).to.deep.equal(failure);
      });
    }

    it('that the other side speaks no TLS', async () => {
      const { port } = await tcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\n\r\n')));
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
      const failure = await httpFailure(client.send({ authority: `${LOOPBACK}:${port}`, scheme: 'HTTPS' }));
      expect(failure).to.deep.equal({ tag: 'TLS-protocol-error' });
    });

    it('that a body was given up: the server does not take it for whole', async () => {
      let outcome = 'nothing';
      const { port } = await httpServer((request) => {
        request.on('data', () => {});
        request.on('error', () => {
          outcome = 'error';
        });
        request.on('end', () => {
          outcome = 'end';
        });
      });
      const client = new HttpClient(networked([`${LOOPBACK}:${port}`]));
      const init = { authority: `${LOOPBACK}:${port}`, method: { tag: 'post' }, body: [] } as const;
      const { future, body } = client.begin(init);
      const stream = body!.write();
      await client.write(stream, Buffer.from('half'));
      await until(() => stream.checkWrite() === BigInt(WINDOW_BYTES));
      stream[Symbol.dispose]();
      body![Symbol.dispose]();
      expect(await httpFailure(client.response(future))).to.deep.equal({ tag: 'HTTP-protocol-error' });
      await until(() => outcome !== 'nothing');
      expect(outcome).to.equal('error');
    });
  });

  it('closes what a guest drops, and all of it with the instance', async () => {
    const server = await httpServer(() => {});
    const authority = `${LOOPBACK}:${server.port}`;
    const box = networked([authority]);
    const client = new HttpClient(box);
    const ended = (index: number): Promise<void> => until(() => server.connections[index]?.destroyed === true);
    const { future } = client.begin({ authority });
    await until(() => server.connections.length === 1);
    future[Symbol.dispose]();
    await ended(0);
    client.begin({ authority });
    await until(() => server.connections.length === 2);
    box.wasi.close();
    await ended(1);
  });
});
