import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { pluginServer } from '../../examples/hosts/http-server.ts';
import { PluginEngine, type Termination } from '../../src/index.ts';
import { hostile } from '../fixtures/guests.ts';
import { until } from '../support/outcome.ts';

describe('the example of an HTTP server', () => {
  let engine: PluginEngine;
  const servers: Server[] = [];
  let url: string;
  /** Of a server with the example's own patience, which a busy machine can outlast. */
  let hasty: string;

  before(async () => {
    engine = await PluginEngine.create({ threads: 1, cacheDirectory: false });
    await engine.loadPlugin('hostile', await hostile());
    url = await serve(60_000);
    hasty = await serve();
  });

  const serve = async (deadlineMs?: number): Promise<string> => {
    const server = pluginServer(engine, 'hostile', deadlineMs).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };

  after(async () => {
    for (const server of servers) server.close();
    await engine.close();
  });

  const post = async (body: string, to: string = url): Promise<[status: number, body: string]> => {
    const response = await fetch(to, { method: 'POST', body });
    return [response.status, await response.text()];
  };

  it('answers with what the plugin answers', async () => {
    expect(await post('hello')).to.deep.equal([200, 'hello']);
    expect(await post('fail')).to.deep.equal([422, 'asked to fail\n']);
  });

  it('answers when the plugin does not', async () => {
    expect(await post('unreachable')).to.deep.equal([502, 'ERR_TRAP\n']);
    expect(await post('spin', hasty)).to.deep.equal([504, 'ERR_DEADLINE\n']);
    expect(await post('still here')).to.deep.equal([200, 'still here']);
  });

  it('stops the plugin when the client hangs up', async () => {
    const gone = new AbortController();
    const terminated = new Promise<Termination>((resolve) => engine.once('worker:terminated', resolve));
    const request = fetch(url, { method: 'POST', body: 'spin', signal: gone.signal }).catch(() => 'gone');
    // Running, and not only queued: what has not begun is given up without a kill.
    await until(() => engine.listPlugins()[0]?.pending === 1 && engine.status().queued === 0);
    gone.abort();
    expect(await request).to.equal('gone');
    const { plugin, code } = await terminated;
    expect([plugin, code]).to.deep.equal(['hostile', 'ERR_ABORTED']);
  });
});
