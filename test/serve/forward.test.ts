import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { proxy } from '../fixtures/proxy.ts';
import { CLIENT, Served } from './served.ts';

describe('/plugins/NAME/http/…', () => {
  let served: Served;
  before(async () => {
    served = await Served.start();
    await served.engine.loadPlugin('proxy', await proxy());
  });
  after(() => served.close());

  /** A request whose body is sent piece by piece. */
  const open = (path: string) => request(`${served.url}${path}`, { method: 'POST' });

  it("answers with the plugin's status, headers and body", async () => {
    const response = await served.ask('/plugins/proxy/http/hello?a=/b&deadline-ms=no');
    expect([response.status, await response.text()]).to.deep.equal([200, 'hello\n']);
    expect(response.headers.get('x-test')).to.equal('y');
    expect(response.headers.get('content-type')).to.equal(null);
    expect(response.headers.get('content-security-policy')).to.equal("default-src 'none'; sandbox");
    expect((await served.ask('/plugins/proxy/http/status')).status).to.equal(404);
  });

  it('passes on the method, the host and the headers, but for those of the connection', async () => {
    const host = new URL(served.url).host;
    for (const [method, number] of [
      ['GET', 0],
      ['PUT', 3],
      ['DELETE', 4],
      ['OPTIONS', 6],
      ['PATCH', 8],
    ] as const) {
      const response = await served.ask('/plugins/proxy/http/about', { method, headers: { 'x-test': 'mine' } });
      expect(await response.text()).to.equal(`${number}${host}mine`);
    }
    const head = 'GET /plugins/proxy/http/about HTTP/1.1\r\nHost: 127.0.0.1\r\nx-test: mine\r\n';
    expect(await served.raw(`${head}Connection: close, X-Test\r\n\r\n`)).to.match(/127\.0\.0\.1\r\n0\r\n\r\n$/);
  });

  it('leaves out the body of an answer to HEAD', async () => {
    const response = await served.ask('/plugins/proxy/http/hello', { method: 'HEAD' });
    expect([response.status, await response.text()]).to.deep.equal([200, '']);
  });

  it('streams both bodies: what is sent comes back before all of it was sent', async () => {
    const sending = open('/plugins/proxy/http/echo');
    sending.write('one');
    const [response] = await once(sending, 'response');
    const [first] = await once(response, 'data');
    expect(String(first)).to.equal('one');
    sending.write('two');
    const [second] = await once(response, 'data');
    expect(String(second)).to.equal('two');
    sending.end();
    expect(await text(response)).to.equal('');
  });

  it('passes bodies on that are longer than what it takes of others', async () => {
    const body = new Uint8Array(2_000_003).map((_, index) => index % 251);
    const response = await served.ask('/plugins/proxy/http/echo', { method: 'POST', body });
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).to.equal(true);
  });

  it('answers while a body is left unread, and the next request on the connection too', async () => {
    const next = 'GET /plugins/proxy/http/hello HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';
    const body = 'POST /plugins/proxy/http/hello HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nabcde';
    expect((await served.raw(body + next)).match(/HTTP\/1\.1 200 OK/g)).to.have.length(2);
    const unfinished = body.replace('Length: 5', 'Length: 6');
    expect(await served.raw(unfinished)).to.match(/connection: close[\s\S]*hello\n\r\n0\r\n\r\n$/i);
  });

  it('says what went wrong before the head was sent, and breaks off after it', async () => {
    const trapped = await served.ask('/plugins/proxy/http/trap');
    expect(trapped.headers.get('content-type')).to.equal('application/problem+json');
    expect([trapped.status, ((await trapped.json()) as { code: string }).code]).to.deep.equal([502, 'ERR_TRAP']);
    const late = await served.ask('/plugins/proxy/http/late');
    expect(late.status).to.equal(200);
    expect(
      await late.text().then(
        () => 'complete',
        () => 'broken off',
      ),
    ).to.equal('broken off');
  });

  it('ends at the deadline', async () => {
    const response = await served.ask('/plugins/proxy/http//', { headers: { 'deadline-ms': '50' } });
    expect([response.status, ((await response.json()) as { code: string }).code]).to.deep.equal([504, 'ERR_DEADLINE']);
  });

  it('gives a request up when its client goes', async () => {
    const sending = open('/plugins/proxy/http/echo');
    sending.on('error', () => {});
    sending.write('one');
    const [response] = await once(sending, 'response');
    response.on('error', () => {});
    sending.destroy();
    const pending = () => served.engine.listPlugins().some((plugin) => plugin.pending > 0);
    while (pending()) await new Promise((resolve) => setImmediate(resolve));
    expect(await (await served.ask('/plugins/proxy/http/hello')).text()).to.equal('hello\n');
  });

  it('refuses what is no server, no plugin or no request', async () => {
    const status = async (path: string, init?: RequestInit) => (await served.ask(path, init)).status;
    expect(await status('/plugins/echo/http/hello')).to.equal(400);
    expect(await status('/plugins/nobody/http/hello')).to.equal(404);
    expect(await status('/plugins/proxy/http/hello', { headers: { 'plugin-option': 'a=b' } })).to.equal(400);
    expect(
      await served.raw('TRACE /plugins/proxy/http/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'),
    ).to.match(/^HTTP\/1\.1 405 /);
  });

  it('is for clients', async () => {
    const closed = await Served.start({ tokens: { clients: { web: CLIENT } } });
    try {
      await closed.engine.loadPlugin('proxy', await proxy());
      expect((await closed.ask('/plugins/proxy/http/hello')).status).to.equal(401);
      const headers = { authorization: `Bearer ${CLIENT}` };
      expect((await closed.ask('/plugins/proxy/http/hello', { headers })).status).to.equal(200);
    } finally {
      await closed.close();
    }
  });
});
