import { expect } from 'chai';
import { Channel } from '../../../../src/host/wasi/network/channel.ts';
import type { IoThread, Line } from '../../../../src/host/wasi/network/io-thread.ts';
import type { HttpRequestMessage } from '../../../../src/host/wasi/network/protocol.ts';
import { wait } from '../../../../src/host/wasi/poll.ts';
import type { SocketErrorCode } from '../../../../src/host/wasi/sockets/error-code.ts';
import { until } from '../../../support/outcome.ts';
import { endAll, ioThread, nameServer, tcpServer } from './local.ts';

const REQUEST: HttpRequestMessage = {
  kind: 'request',
  scheme: 'http',
  host: { kind: 'address', text: '127.0.0.1' },
  port: 0,
  method: 'GET',
  path: '/',
  headers: [],
  body: 'none',
  allowNetwork: ['127.0.0.1:*'],
  maxHeaderBytes: 32_768,
  maxResponseBodyBytes: 1_000_000,
  connectTimeoutMs: 10_000,
  firstByteTimeoutMs: 10_000,
  betweenBytesTimeoutMs: 10_000,
  totalTimeoutMs: 10_000,
};

type Lookup = Channel<readonly string[], SocketErrorCode>;

function lookUp(io: IoThread, name = 'localhost', onClose: () => void = () => {}): Lookup {
  return new Channel((listener) => io.open({ kind: 'lookup', name, timeoutMs: 10_000 }, listener), 'unknown', onClose);
}

describe('IoThread', function () {
  this.timeout(20_000);
  afterEach(endAll);

  it('answers a thread that is blocked', () => {
    const channel = lookUp(ioThread());
    // No turn of the event loop: the worker is started, asked and heard while this thread sleeps.
    wait([channel.event(({ settled }) => settled)]);
    expect(channel.opened?.[0]).to.equal('127.0.0.1');
    channel.close();
  });

  it('ends when nothing has been open for a while, and starts again', async () => {
    // It has been idle for its time as soon as it runs, if it is.
    const io = ioThread({ idleMs: 1 });
    for (let round = 0; round < 4; round++) {
      const channel = lookUp(io);
      await until(() => channel.settled);
      expect(channel.failure).to.equal(undefined);
      expect(io.state).to.equal('running');
      channel.close();
      await until(() => io.state === 'ended');
    }
  });

  it('that cannot be started loses what was to be opened, and is tried again later only', () => {
    // No thread starts in so short a time.
    const io = ioThread({ startMs: 1 });
    for (let attempt = 0; attempt < 2; attempt++) {
      const channel = lookUp(io);
      wait([channel.event(({ settled }) => settled)]);
      expect(channel.failure).to.equal('unknown');
      expect(io.state).to.equal('ended');
      channel.close();
    }
  });

  it('does not end while something is open', async () => {
    const { address } = await nameServer({ 'silent.test': [] });
    const io = ioThread({ idleMs: 20, nameServers: [address] });
    const pending = lookUp(io, 'silent.test');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(io.state).to.equal('running');
    pending.close();
    await until(() => io.state === 'ended');
  });

  it('tells those that wait when it is lost', async () => {
    const { address } = await nameServer({ 'silent.test': [] });
    const io = ioThread({ nameServers: [address] });
    const pending = lookUp(io, 'silent.test');
    await io.close();
    expect(pending.settled).to.equal(true);
    expect(pending.failure).to.equal('unknown');
    // The next one gets another thread.
    const next = lookUp(io);
    await until(() => next.settled);
    expect(next.opened).to.have.length(2);
  });

  it('counts its CPU time for the instance whose call is running, if it has something open', async () => {
    const { port } = await tcpServer((socket) => {
      // Nothing that the guest ever sees, in as many pieces as there are.
      const flood = (): void => {
        if (!socket.destroyed) socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(10), () => setImmediate(flood));
      };
      socket.once('data', flood);
    });
    const io = ioThread();
    const charged = new SharedArrayBuffer(4);
    io.charge(charged);
    const ask = (owner: number): Line => io.open({ ...REQUEST, port }, () => {}, owner);
    let lines = [ask(1)];
    io.worksFor(2);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(io.chargedMs).to.equal(0);
    io.worksFor(1);
    await until(() => {
      // Each of them ends at the bound on interim responses.
      lines = [...lines.slice(-8), ask(1)];
      return io.chargedMs > 20;
    });
    expect(Atomics.load(new Int32Array(charged), 0)).to.be.above(20);
  });

  it('closes a channel once', async () => {
    let closed = 0;
    const channel = lookUp(ioThread(), 'localhost', () => closed++);
    channel.close();
    channel.close();
    channel.abort('timeout');
    expect([closed, channel.settled, channel.failure]).to.deep.equal([1, true, 'timeout']);
  });
});
