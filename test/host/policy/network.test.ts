import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { PluginEngine } from '../../../src/engine.ts';
import type { Policy } from '../../../src/host/policy/policy.ts';
import type { ProcessOptions } from '../../../src/request/process-options.ts';
import { syscalls } from '../../hostile/guests/syscalls.ts';
import { closeEngines, createEngine } from '../../support/engine.ts';
import { rejection, until } from '../../support/outcome.ts';
import { closedPort, endAll, httpServer, tcpServer } from '../wasi/network/local.ts';

/** Threads of this process. */
const threads = (): number => readdirSync('/proc/self/task').length;

describe('the network of a plugin', function () {
  this.timeout(30_000);
  let engine: PluginEngine;
  const ask = async (...lines: readonly string[]): Promise<string> =>
    (await engine.process('guest', { input: lines.join('\n') })).output;
  const load = async (allowNetwork: readonly string[], policy: Policy = {}): Promise<void> => {
    await engine.loadPlugin('guest', await syscalls(), { sandbox: { allowNetwork, ...policy } });
  };

  beforeEach(async () => {
    engine = await createEngine();
  });
  afterEach(async () => {
    await engine.close();
    await endAll();
  });
  after(closeEngines);

  const echo = (): ReturnType<typeof httpServer> =>
    httpServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk;
      });
      request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
    });

  it('is what a grant names: HTTP', async () => {
    const { port } = await echo();
    await load([`127.0.0.1:${port}`]);
    const authority = `127.0.0.1:${port}`;
    expect(await ask(`fetch ${authority} /a?b`, `post ${authority} /c hello`)).to.equal(
      '200 GET /a?b \n200 POST /c hello',
    );
    expect(await ask(`fetch localhost:${port} /`, `fetch 127.0.0.1:${port + 1} /`)).to.equal(
      'HTTP-request-denied\nHTTP-request-denied',
    );
  });

  it('is what a grant names: TCP', async () => {
    const { port } = await tcpServer((socket) => socket.pipe(socket));
    const closed = await closedPort();
    await load([`127.0.0.1:${port}`, `127.0.0.1:${closed}`]);
    expect(await ask(`connect ${port} 127 0 0 1 hello`)).to.equal('ok hello');
    expect(await ask(`connect ${closed} 127 0 0 1 hello`)).to.equal('connection-refused');
    expect(await ask(`connect ${port} 127 0 0 2 hello`)).to.equal('access-denied');
  });

  it('opens with a grant and closes when it is revoked', async () => {
    const { port } = await echo();
    const host = `localhost:${port}`;
    await load([]);
    expect(await ask(`fetch ${host} /`)).to.equal('HTTP-request-denied');
    await engine.capabilities.grant('guest', 'network', { host });
    expect(await ask(`fetch ${host} /`)).to.equal('200 GET / ');
    await engine.capabilities.revoke('guest', 'network');
    expect(await ask(`fetch ${host} /`)).to.equal('HTTP-request-denied');
  });

  it('brings bodies of megabytes, as far as the guest takes them', async () => {
    const { port } = await httpServer((_request, response) => response.end('x'.repeat(3_000_000)));
    await load([`127.0.0.1:${port}`]);
    // The guest reads all of it, and repeats what fits into its output.
    expect(await ask(`fetch 127.0.0.1:${port} /`)).to.have.lengthOf.within(60_000, 65_536);
  });

  it('costs host calls like everything else', async () => {
    const { port } = await echo();
    await load([`127.0.0.1:${port}`], { maxHostCalls: 5 });
    const error = await rejection(engine.process('guest', { input: `fetch 127.0.0.1:${port} /` }));
    expect(error.code).to.equal('ERR_HOST_CALL_LIMIT');
  });

  describe('has a thread for its I/O', () => {
    it('only in workers whose plugins use a grant, and none when the engine is closed', async () => {
      const { port } = await echo();
      const before = threads();
      await load([]);
      await ask('http 127.0.0.1:80');
      // The spare worker is one of them.
      await until(() => engine.status().threads.starting === 0);
      await until(() => engine.status().threads.ending === 0);
      const ungranted = threads();
      await ask('http 127.0.0.1:80', 'tcp', 'resolve localhost');
      // Threads of earlier tests may still be on their way out; one of the network's would stay.
      await until(() => threads() <= ungranted);
      await engine.unloadPlugin('guest');
      await load([`127.0.0.1:${port}`]);
      await ask('tcp');
      await until(() => engine.status().threads.starting === 0);
      await until(() => threads() <= ungranted);
      await ask(`fetch 127.0.0.1:${port} /`);
      expect(threads()).to.be.above(ungranted);
      await engine.close();
      await until(() => threads() <= before);
    });

    const places: readonly (readonly [what: string, (port: number) => string])[] = [
      ['a response', (port) => `fetch 127.0.0.1:${port} /`],
      ['bytes', (port) => `connect ${port} 127 0 0 1 hello`],
    ];
    for (const [place, call] of places) {
      it(`that ends with a worker which is killed while it waits for ${place}, and its sockets with it`, async () => {
        const silent = await tcpServer((socket) => socket.resume());
        await load([`127.0.0.1:${silent.port}`]);
        await ask('tcp');
        const before = threads();
        for (let round = 0; round < 3; round++) {
          const abort = new AbortController();
          const request = rejection(engine.process('guest', { input: call(silent.port) }, { signal: abort.signal }));
          await until(() => silent.connections.length === round + 1);
          abort.abort();
          expect((await request).code).to.equal('ERR_ABORTED');
          await until(() => closed(silent.connections[round]!));
        }
        expect(await ask('tcp')).to.equal('ok');
        // A spare thread more than before; the threads for I/O would be three.
        await until(() => threads() <= before + 1);
        expect(establishedTo(silent.port)).to.equal(0);
      });
    }

    const limits: readonly (readonly [what: string, code: string, policy: Policy, options: ProcessOptions])[] = [
      ['its wall time', 'ERR_WALL_TIME_LIMIT', { wallTimeLimitMs: 400 }, {}],
      ['the time of its caller', 'ERR_DEADLINE', {}, { deadlineMs: 400 }],
    ];
    for (const [what, code, policy, options] of limits) {
      it(`that ends with a worker which waits for a slow server beyond ${what}`, async () => {
        const silent = await tcpServer((socket) => socket.resume());
        await load([`127.0.0.1:${silent.port}`], policy);
        const request = engine.process('guest', { input: `connect ${silent.port} 127 0 0 1 hello` }, options);
        expect((await rejection(request)).code).to.equal(code);
        expect(await ask('tcp')).to.equal('ok');
        await until(() => establishedTo(silent.port) === 0);
      });
    }

    it('that ends with an engine which is closed by force', async () => {
      const silent = await tcpServer((socket) => socket.resume());
      const before = threads();
      await load([`127.0.0.1:${silent.port}`]);
      const request = rejection(engine.process('guest', { input: `connect ${silent.port} 127 0 0 1 hello` }));
      await until(() => silent.connections.length === 1);
      await engine.close({ force: true });
      expect((await request).code).to.equal('ERR_ENGINE_CLOSED');
      await until(() => threads() <= before && closed(silent.connections[0]!));
    });
  });

  it('closes what a call has left open when its instance goes', async () => {
    const server = await tcpServer((socket) => socket.resume());
    await load([`127.0.0.1:${server.port}`]);
    // A request that is sent and never waited for.
    expect(await ask(`http 127.0.0.1:${server.port}`)).to.equal('ok');
    await until(() => server.connections.length === 1);
    await rejection(engine.process('guest', { input: 'drop-twice' }));
    await until(() => closed(server.connections[0]!));
  });
});

function closed(socket: Socket): boolean {
  return socket.destroyed || socket.readableEnded;
}

/** Connections of this machine to a port that are established. */
function establishedTo(port: number): number {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/self/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , to, state]) => to?.endsWith(remote) === true && state === '01').length;
}
