import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { service3 } from '../fixtures/service-3.ts';
import { BINDING, closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';

const at = (path: string): string => `http://plugin.example${path}`;

describe('a service of WASI 0.3', () => {
  let engine: PluginEngine;
  before(async function () {
    if (BINDING === 'glue') this.skip();
    engine = await createEngine({ threads: 1, isolation: 'none' });
    await engine.loadPlugin('service', await service3());
  });
  after(closeEngines);

  it('answers by what it returns, and writes the body after that', async () => {
    const response = await engine.fetch('service', at('/hello'));
    expect(response.status).to.equal(200);
    expect(await response.text()).to.equal('hello');
  });

  it('waits before it answers', async () => {
    expect(await (await engine.fetch('service', at('/sleep'))).text()).to.equal('hello');
  });

  it('answers without a body', async () => {
    const response = await engine.fetch('service', at('/empty'));
    expect([response.status, await response.text()]).to.deep.equal([200, '']);
  });

  it('hears of an answer without a body that it was sent', async () => {
    await engine.loadPlugin('bodiless', await service3());
    expect((await engine.fetch('bodiless', at('/bodiless'))).status).to.equal(200);
    const counted = async () => (await engine.fetch('bodiless', at('/count'))).text();
    expect(await counted()).to.equal('1');
    expect((await engine.fetch('bodiless', at('/bodiless'))).status).to.equal(200);
    // Its instance would have trapped, where it heard of nothing.
    expect(await counted()).to.equal('2');
  });

  it('hears of a request that it may not send that it was not', async () => {
    expect(await (await engine.fetch('service', at('/forbidden'))).text()).to.equal('hello');
  });

  it('serves many on one instance, one after the other', async () => {
    await engine.loadPlugin('counter', await service3());
    const answers = [];
    for (let round = 0; round < 3; round++) answers.push(await (await engine.fetch('counter', at('/count'))).text());
    expect(answers).to.deep.equal(['1', '2', '3']);
  });

  it('passes a body on that it never looks at, larger than any window', async () => {
    const bytes = new Uint8Array(2_000_003).map((_, index) => index % 251);
    const response = await engine.fetch('service', new Request(at('/mirror'), { method: 'POST', body: bytes }));
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).to.equal(true);
  });

  it('passes it on as it comes', async () => {
    const sent = new TransformStream<Uint8Array, Uint8Array>();
    const writer = sent.writable.getWriter();
    const request = new Request(at('/mirror'), { method: 'POST', body: sent.readable, duplex: 'half' } as RequestInit);
    const response = await engine.fetch('service', request);
    const reader = response.body!.getReader();
    for (const text of ['one', 'two']) {
      const [{ value }] = await Promise.all([reader.read(), writer.write(new TextEncoder().encode(text))]);
      expect(new TextDecoder().decode(value)).to.equal(text);
    }
    await writer.close();
    expect((await reader.read()).done).to.equal(true);
  });

  for (const [what, path, code] of [
    ['traps', '/trap', 'ERR_TRAP'],
    ['returns without a response', '/nothing', 'ERR_TRAP'],
    ['answers with an error', '/decline', 'ERR_INVALID_RESPONSE'],
  ] as const) {
    it(`fails when the plugin ${what}`, async () => {
      expect(await rejection(engine.fetch('service', at(path)))).to.include({ code });
      expect((await engine.fetch('service', at('/hello'))).status).to.equal(200);
    });
  }

  for (const [what, path, code] of [
    ['traps', '/late', 'ERR_TRAP'],
    ['leaves it unfinished', '/unfinished', 'ERR_INVALID_RESPONSE'],
    ['writes without end', '/write', 'ERR_OUTPUT_LIMIT'],
  ] as const) {
    it(`has the body fail when the plugin ${what}`, async () => {
      const response = await engine.fetch('service', at(path));
      expect(await rejection(response.text())).to.include({ code });
    });
  }

  it('asks other servers as far as its policy grants, and passes their answer on', async () => {
    const server = createServer((request, response) => response.writeHead(203).end(`at ${request.url}`));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await engine.loadPlugin('asker', await service3(), { sandbox: { allowNetwork: [authority] } });
      const response = await engine.fetch('asker', at(`/pass/${authority}`));
      expect([response.status, await response.text()]).to.deep.equal([203, 'at /there']);
      const error = await rejection(engine.fetch('service', at(`/pass/${authority}`)));
      expect(error.code).to.equal('ERR_INVALID_RESPONSE');
    } finally {
      server.close();
    }
  });

  it('does not pass half an answer of another server on as all of it', async () => {
    const server = createServer((_request, response) => {
      response.write('half', () => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await engine.loadPlugin('halves', await service3(), { sandbox: { allowNetwork: [authority] } });
      const response = await engine.fetch('halves', at(`/pass/${authority}`));
      expect(await rejection(response.text())).to.include({ code: 'ERR_INVALID_RESPONSE' });
    } finally {
      server.close();
    }
  });

  it('does not pass on what a caller failed to send', async () => {
    const sent = new TransformStream<Uint8Array, Uint8Array>();
    const writer = sent.writable.getWriter();
    const request = new Request(at('/mirror'), { method: 'POST', body: sent.readable, duplex: 'half' } as RequestInit);
    const response = await engine.fetch('service', request);
    const reader = response.body!.getReader();
    await Promise.all([reader.read(), writer.write(new TextEncoder().encode('half'))]);
    await writer.abort(new Error('no more of it'));
    expect(
      await reader.read().then(
        ({ done }) => done,
        () => 'failed',
      ),
    ).to.equal('failed');
  });

  it('is given up with the body that nobody reads', async () => {
    const response = await engine.fetch('service', at('/write'));
    await response.body!.cancel();
    expect((await engine.fetch('service', at('/hello'))).status).to.equal(200);
  });
});
