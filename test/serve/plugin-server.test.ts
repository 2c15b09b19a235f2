import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { PluginError } from '../../src/errors.ts';
import { createServer } from '../../src/serve/index.ts';
import { CERTIFICATE, KEY } from './certificate.ts';
import { Served } from './served.ts';

describe('a server', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.start({}, { queueLimit: 1 });
  });
  afterEach(() => served.close());

  it('says what it has counted', async () => {
    await served.post('/plugins/echo', 'x');
    await served.post('/plugins/nobody', 'x');
    const metrics = await (await served.ask('/metrics')).text();
    expect(metrics).to.match(/^wasm_plugin_pool_calls_total\{plugin="echo",version="1.0.0"\} 1$/m);
    expect(metrics).to.match(/^wasm_plugin_pool_http_requests_total\{status="200"\} 1$/m);
    expect(metrics).to.match(/^wasm_plugin_pool_http_requests_total\{status="404"\} 1$/m);
    expect(metrics).to.match(/^wasm_plugin_pool_http_requests_open 1$/m);
  });

  it('shows plugins without where they lie and what they may reach', async () => {
    const { plugins } = (await (await served.ask('/plugins')).json()) as { plugins: { name: string }[] };
    expect(plugins.map(({ name }) => name)).to.deep.equal(['echo', 'hostile']);
    const one = await (await served.ask('/plugins/echo')).text();
    expect(JSON.parse(one)).to.deep.equal(plugins[0]);
    expect(one).to.not.match(/policy|source|allow/);
    expect((await served.ask('/plugins/nobody')).status).to.equal(404);
    expect(await (await served.ask('/plugins', { method: 'HEAD' })).text()).to.equal('');
  });

  it('says so when the queue is full', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => served.post('/plugins/echo', 'burn 5')));
    const full = all.filter(({ status }) => status === 429);
    expect(full.length).to.be.above(0);
    expect(full[0]!.headers.get('retry-after')).to.equal('1');
    expect(all.some(({ status }) => status === 200)).to.equal(true);
  });

  it('finishes what is under way when it is closed, and takes nothing new', async () => {
    const socket = await served.connect();
    const head = 'POST /plugins/echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n';
    socket.write(head);
    // From its leave on, the request is under way until its body is there.
    await once(socket, 'data');
    const closed = served.server.close();
    socket.write('last');
    expect(await text(socket)).to.match(/^HTTP\/1\.1 200 .*last$/s);
    await closed;
    await served.post('/plugins/echo', 'x').then(
      () => expect.fail('It was answered'),
      () => {},
    );
  });

  it('ends what does not end when it is closed', async () => {
    const asked = served.post('/plugins/hostile', 'spin').then(
      () => 'answered',
      () => 'cut off',
    );
    await served.running();
    await served.server.close({ graceMs: 10 });
    expect(await asked).to.equal('cut off');
  });

  it('says that it is not ready while it closes', async () => {
    const socket = await served.connect();
    // A request whose body is still to come keeps its connection.
    socket.write('POST /plugins/echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\n');
    await served.ask('/healthz');
    const closed = served.server.close({ graceMs: 10_000 });
    socket.write('xGET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const answer = await text(socket);
    expect(answer).to.match(/^HTTP\/1\.1 200 /);
    await closed;
  });

  it('does not begin where it cannot', async () => {
    const { port } = new URL(served.url);
    for (const options of [{ port: Number(port) }, { port: 70_000 }, { host: '' }]) {
      const other = createServer(served.engine);
      const error = await other.listen(options).then(
        () => undefined,
        (reason: PluginError) => reason,
      );
      expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
    }
    expect(() => createServer(served.engine, { maxBodyByte: 7 } as object)).to.throw(/maxBodyByte/);
    expect(() => createServer(served.engine, { deadlineMs: 100, minDeadlineMs: 101 })).to.throw(/`deadlineMs`.* 100/);
    expect(() => createServer(served.engine, { tls: { cert: 'none', key: 'none' } })).to.throw(/certificate/);
  });

  it('serves HTTPS', async () => {
    const server = createServer(served.engine, { tls: { cert: CERTIFICATE, key: KEY } });
    const url = await server.listen({ port: 0, host: 'localhost' });
    expect(url).to.match(/^https:/);
    const answer = await new Promise<string>((resolve, reject) => {
      const request = httpsRequest(`${url}/plugins/echo`, { method: 'POST', ca: CERTIFICATE }, (response) =>
        resolve(text(response)),
      );
      request.on('error', reject).end('over TLS');
    });
    expect(answer).to.equal('over TLS');
    await server.close({ graceMs: 0 });
  });
});
