import { expect } from 'chai';
import { PluginEngine } from '../../src/engine.ts';
import type { PluginError } from '../../src/errors.ts';
import { createServer, type ServerOptions } from '../../src/serve/index.ts';
import { ADMINISTRATOR, CLIENT, Served } from './served.ts';

const TOKENS = { clients: { web: CLIENT }, administration: { ada: ADMINISTRATOR } };

describe('who may ask', () => {
  describe('with tokens', () => {
    let served: Served;
    before(async () => {
      served = await Served.start({ tokens: TOKENS });
    });
    after(() => served.close());

    it('are those who have one', async () => {
      for (const authorization of [
        '',
        'Bearer wrong-token-0123456789',
        `Basic ${CLIENT}`,
        `Bearer ${CLIENT}x`,
        'Bearer',
      ]) {
        const response = await served.post('/plugins/echo', 'x', { authorization });
        expect(response.status).to.equal(401);
        expect(response.headers.get('www-authenticate')).to.match(/^Bearer /);
      }
      for (const path of ['/plugins', '/metrics', '/plugins/echo'])
        expect((await served.ask(path)).status).to.equal(401);
      for (const token of [CLIENT, ADMINISTRATOR]) {
        const response = await served.post('/plugins/echo', 'x', { authorization: `bearer ${token}` });
        expect(response.status).to.equal(200);
      }
    });

    it('is anybody for whether the process lives', async () => {
      expect((await served.ask('/healthz')).status).to.equal(200);
      expect((await served.ask('/readyz')).status).to.equal(200);
    });

    it('is no client for what changes something', async () => {
      const headers = { authorization: `Bearer ${CLIENT}` };
      const response = await served.ask('/plugins/echo', { method: 'DELETE', headers });
      expect(response.status).to.equal(403);
      expect(served.engine.getPlugin('echo')?.state).to.equal('active');
    });
  });

  describe('without tokens', () => {
    let served: Served;
    before(async () => {
      served = await Served.start();
    });
    after(() => served.close());

    it('is nobody from outside: a server that others could reach does not begin', async () => {
      for (const host of ['0.0.0.0', '::']) {
        const server = createServer(served.engine);
        const error = await server.listen({ port: 0, host }).then(
          () => undefined,
          (reason: PluginError) => reason,
        );
        expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
        await server.close();
      }
    });

    it('is no page that a browser shows, nor a name that leads here', async () => {
      const ask = (headers: string): Promise<string> =>
        served.raw(`POST /plugins/echo HTTP/1.1\r\n${headers}\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx`);
      expect(await ask('host: evil.example')).to.match(/^HTTP\/1\.1 403 /);
      expect(await ask('host: 127.0.0.1.evil.example')).to.match(/^HTTP\/1\.1 403 /);
      expect(await ask('host: localhost\r\norigin: https://evil.example')).to.match(/^HTTP\/1\.1 403 /);
      expect(await ask('host: localhost\r\norigin: null')).to.match(/^HTTP\/1\.1 403 /);
      expect(await ask('host: localhost\r\norigin: http://localhost')).to.match(/^HTTP\/1\.1 200 /);
      expect(await ask('host: [::1]:80')).to.match(/^HTTP\/1\.1 200 /);
    });

    it('is nobody for what changes something', async () => {
      expect((await served.ask('/plugins/echo/promote', { method: 'POST' })).status).to.equal(403);
    });
  });

  it('are not holders of tokens that are short or no tokens', async () => {
    const engine = await PluginEngine.create({ threads: 1 });
    for (const tokens of [
      { clients: { web: 'short' } },
      { clients: { web: 'with a space 0123456789' } },
      { clients: { web: 7 } },
      { client: { web: CLIENT } },
    ]) {
      expect(() => createServer(engine, { tokens } as unknown as ServerOptions))
        .to.throw()
        .that.includes({ code: 'ERR_INVALID_ARGUMENT' })
        .and.has.property('message')
        .that.does.not.include('short');
    }
    await engine.close();
  });
});
