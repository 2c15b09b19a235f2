import { expect } from 'chai';
import { Channel } from '../../../../src/host/wasi/network/channel.ts';
import type { IoThread } from '../../../../src/host/wasi/network/io-thread.ts';
import { wait } from '../../../../src/host/wasi/poll.ts';
import type { SocketErrorCode } from '../../../../src/host/wasi/sockets/error-code.ts';
import { until } from '../../../support/outcome.ts';
import { endAll, ioThread, nameServer } from './local.ts';

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
    const io = ioThread({ idleMs: 20 });
    for (let round = 0; round < 3; round++) {
      const channel = lookUp(io);
      await until(() => channel.settled);
      expect(channel.failure).to.equal(undefined);
      expect(io.state).to.equal('running');
      channel.close();
      await until(() => io.state === 'ended');
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

  it('closes a channel once', async () => {
    let closed = 0;
    const channel = lookUp(ioThread(), 'localhost', () => closed++);
    channel.close();
    channel.close();
    channel.abort('timeout');
    expect([closed, channel.settled, channel.failure]).to.deep.equal([1, true, 'timeout']);
  });
});
