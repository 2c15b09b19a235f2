import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createHandler } from '../../src/serve/index.ts';
import { ADMINISTRATOR, CLIENT, Served } from './served.ts';

/** Reads the feed until something was told that fits. */
async function told(served: Served, fits: (event: string, data: string) => boolean, headers = {}): Promise<string> {
  const leave = new AbortController();
  const response = await served.ask('/status/events', { headers, signal: leave.signal });
  expect(response.headers.get('content-type')).to.equal('text/event-stream');
  let rest = '';
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const messages = (rest + chunk).split('\n\n');
      rest = messages.pop()!;
      for (const message of messages) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(message)!;
        if (fits(event!, data!)) return data!;
      }
    }
  } finally {
    leave.abort();
  }
  throw new Error('The feed ended');
}

describe('the status page', () => {
  let served: Served;
  before(async () => {
    served = await Served.start();
  });
  after(() => served.close());

  it('is one file that loads nothing, and runs its own script only', async () => {
    const response = await served.ask('/');
    const html = await response.text();
    expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect(html).to.not.match(/https?:|src=|<link|innerHTML| on\w+="/);
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).to.match(/^default-src 'none'; /);
    for (const tag of ['style', 'script']) {
      const [, text] = new RegExp(`<${tag}[^>]*>(.*?)</${tag}>`, 's').exec(html)!;
      expect(policy).to.include(`'sha256-${hash('sha256', text!, 'base64')}'`);
    }
  });

  it('is told of numbers', async () => {
    await served.post('/plugins/echo', 'x');
    const data = JSON.parse(await told(served, (event) => event === 'status'));
    const echo = data.plugins.find(({ name }: { name: string }) => name === 'echo');
    expect(echo).to.deep.include({ name: 'echo', state: 'active', quarantined: 0 });
    expect(echo.versions[0]).to.include({ version: '1.0.0', role: 'stable', circuit: 'closed', calls: 1, kills: 0 });
    expect(data.threads).to.have.keys('starting', 'idle', 'busy', 'ending', 'stuck');
  });

  it('is told of what happens', async () => {
    const note = told(served, (event, data) => {
      // Its first look is over by then: it hears of what comes.
      if (event === 'status') void served.post('/plugins/echo', 'log <b>hello</b>');
      return event === 'note' && data.includes('hello');
    });
    expect(JSON.parse(await note)).to.deep.equal({ plugin: 'echo', text: '[info] <b>hello</b>' });
    await served.engine.reloadPlugin('hostile', undefined, { failurePolicy: { maxFailures: 1 } });
    const opened = told(served, (event, data) => {
      if (event === 'status') void served.post('/plugins/hostile', 'unreachable');
      return event === 'note' && data.includes('not tried');
    });
    expect(JSON.parse(await opened)).to.deep.equal({ plugin: 'hostile', text: 'is not tried for now: ERR_TRAP' });
    await told(served, (event, data) => event === 'status' && data.includes('"circuit":"open"'));
  });

  it('leaves no listener behind when its reader goes', async () => {
    const before = served.engine.listenerCount('plugin:log');
    await told(served, (event) => event === 'status');
    while (served.engine.listenerCount('plugin:log') > before) await new Promise((resolve) => setImmediate(resolve));
  });

  it('has nothing more to say to who asks for its headers', async () => {
    const answer = await served.raw('HEAD /status/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    expect(answer).to.match(/^HTTP\/1\.1 200 .*\r\n\r\n$/s);
  });

  it('ends with its server, which does not wait for its readers', async () => {
    const closing = await Served.start();
    const listeners = closing.engine.listenerCount('plugin:log');
    const feed = await closing.ask('/status/events');
    const closed = closing.server.close({ graceMs: 600_000 });
    // Of what happens from here on, nothing is written after the end.
    expect(closing.engine.listenerCount('plugin:log')).to.equal(listeners);
    expect(await feed.text()).to.match(/^event: status\n/);
    await closed;
    await closing.close();
  });

  it('is for administrators where clients have tokens', async () => {
    const tokens = { clients: { web: CLIENT }, administration: { ada: ADMINISTRATOR } };
    const closed = await Served.start({ tokens });
    try {
      expect((await closed.ask('/')).status).to.equal(200);
      expect((await closed.ask('/status/events')).status).to.equal(401);
      const client = { headers: { authorization: `Bearer ${CLIENT}` } };
      expect((await closed.ask('/status/events', client)).status).to.equal(403);
      await told(closed, (event) => event === 'status', { authorization: `Bearer ${ADMINISTRATOR}` });
    } finally {
      await closed.close();
    }
  });
});

describe('createHandler', () => {
  it('answers in a server of somebody else, and leaves to that what it does not know', async () => {
    const served = await Served.start();
    const handler = createHandler(served.engine);
    const server = createServer((request, response) => {
      // As Express does for what is mounted at a path.
      request.url = request.url!.replace(/^\/wasm/, '');
      handler(request, response, () => response.writeHead(418).end('mine'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = await fetch(`${url}/wasm/plugins/echo`, { method: 'POST', body: 'x' });
    expect(await asked.text()).to.equal('x');
    expect((await fetch(`${url}/wasm/plugins/echo`, { method: 'PATCH' })).status).to.equal(405);
    expect((await fetch(`${url}/other`)).status).to.equal(418);
    expect((await fetch(`${url}/%ff`)).status).to.equal(418);
    server.closeAllConnections();
    server.close();
    await served.close();
  });
});
