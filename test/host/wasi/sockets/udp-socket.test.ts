import { createSocket } from 'node:dgram';
import { expect } from 'chai';
import type { PluginError } from '../../../../src/errors.ts';
import { until } from '../../../support/outcome.ts';
import { endAll, networked, ready, udpServer } from '../network/local.ts';
import { bytes, closeAll, err, thrown } from '../sandbox.ts';
import { ipv4, ipv6, SocketsGuest } from './guest.ts';

describe('wasi:sockets/udp', function () {
  this.timeout(20_000);
  afterEach(async () => {
    closeAll();
    await endAll();
  });

  const echo = (): Promise<number> => udpServer((server, datagram, port) => server.send(datagram, port, '127.0.0.1'));

  it('sends datagrams and receives the answers', async () => {
    const port = await echo();
    const guest = new SocketsGuest(networked([`127.0.0.1:${port}`]));
    const socket = await guest.bound();
    expect(socket.localAddress().val.port).to.be.above(0);
    const [incoming, outgoing] = socket.stream(undefined);
    expect(incoming.receive(10n)).to.deep.equal([]);
    expect(outgoing.checkSend()).to.equal(32n);
    const datagrams = ['one', 'two'].map((text) => ({ data: bytes(text), remoteAddress: ipv4(port) }));
    expect(outgoing.send(datagrams)).to.equal(2n);
    const received: string[] = [];
    while (received.length < 2) {
      await ready(incoming.subscribe());
      for (const { data, remoteAddress } of incoming.receive(1n)) {
        expect(remoteAddress).to.deep.equal(ipv4(port));
        received.push(Buffer.from(data).toString());
      }
    }
    expect(received).to.have.members(['one', 'two']);
  });

  it('is closed when it is flooded, and nobody takes what comes', async () => {
    const port = await udpServer((server, datagram, from) => {
      const flood = (): void => {
        for (let count = 0; count < 100; count++) server.send(datagram, from, '127.0.0.1', () => {});
        timer = setImmediate(flood);
      };
      let timer = setImmediate(flood);
      server.once('close', () => clearImmediate(timer));
    });
    const guest = new SocketsGuest(networked([`127.0.0.1:${port}`]));
    const socket = await guest.bound();
    const [incoming, outgoing] = socket.stream(ipv4(port));
    outgoing.checkSend();
    outgoing.send([{ data: bytes('x') }]);
    await until(() => {
      try {
        outgoing.checkSend();
        return false;
      } catch {
        return true;
      }
    });
    // What came before can still be read.
    expect(incoming.receive(100n)).to.have.length(32);
    expect(err(() => incoming.receive(1n))).to.equal('connection-aborted');
  });

  it('can be for one peer', async () => {
    const port = await echo();
    const guest = new SocketsGuest(networked([`127.0.0.1:*`]));
    const socket = await guest.bound();
    expect(err(() => socket.remoteAddress())).to.equal('invalid-state');
    const [incoming, outgoing] = socket.stream(ipv4(port));
    expect(socket.remoteAddress()).to.deep.equal(ipv4(port));
    outgoing.checkSend();
    expect(outgoing.send([{ data: bytes('x') }])).to.equal(1n);
    await ready(incoming.subscribe());
    expect(incoming.receive(9n).map(({ data }) => Buffer.from(data).toString())).to.deep.equal(['x']);
    outgoing.checkSend();
    expect(err(() => outgoing.send([{ data: bytes('x'), remoteAddress: ipv4(port + 1) }]))).to.equal(
      'invalid-argument',
    );
    expect((thrown(() => socket.stream(undefined)) as PluginError).code).to.equal('ERR_TRAP');
    incoming[Symbol.dispose]();
    outgoing[Symbol.dispose]();
    socket.stream(undefined);
  });

  it('sends only to where a grant says, and says so before anything is sent', async () => {
    let received = 0;
    const port = await udpServer(() => received++);
    const guest = new SocketsGuest(networked([`127.0.0.1:${port}`]));
    const socket = await guest.bound();
    expect(err(() => socket.stream(ipv4(port + 1)))).to.equal('access-denied');
    const [, outgoing] = socket.stream(undefined);
    const send = (...to: readonly (number | undefined)[]): unknown => {
      outgoing.checkSend();
      return outgoing.send(
        to.map((at) => ({ data: bytes('x'), remoteAddress: at === undefined ? undefined : ipv4(at) })),
      );
    };
    expect(err(() => send(port + 1))).to.equal('access-denied');
    expect(err(() => send(undefined))).to.equal('invalid-argument');
    // What goes before an error is sent; the error comes with the datagram that it is about.
    expect(send(port, port + 1, port)).to.equal(1n);
    outgoing.checkSend();
    expect(err(() => outgoing.send([{ data: bytes('x'), remoteAddress: ipv6(1) }]))).to.equal('invalid-argument');
    outgoing.checkSend();
    const large = { data: new Uint8Array(65_508), remoteAddress: ipv4(port) };
    expect(err(() => outgoing.send([large]))).to.equal('datagram-too-large');
    await until(() => received === 1);
  });

  it('hears only those whom it has spoken to', async () => {
    const port = await echo();
    const guest = new SocketsGuest(networked([`127.0.0.1:*`]));
    const socket = await guest.bound();
    const { port: own } = socket.localAddress().val;
    const [incoming, outgoing] = socket.stream(undefined);
    const intruder = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      intruder.send('unasked', own, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)));
    });
    intruder.close();
    outgoing.checkSend();
    outgoing.send([{ data: bytes('asked'), remoteAddress: ipv4(port) }]);
    await ready(incoming.subscribe());
    expect(incoming.receive(9n).map(({ data }) => Buffer.from(data).toString())).to.deep.equal(['asked']);
  });

  it('traps when more is sent than was permitted, and has room again when datagrams have left', async () => {
    const port = await udpServer(() => {});
    const guest = new SocketsGuest(networked([`127.0.0.1:${port}`]));
    const socket = await guest.bound();
    const [, outgoing] = socket.stream(ipv4(port));
    expect((thrown(() => outgoing.send([{ data: bytes('x') }])) as PluginError).code).to.equal('ERR_TRAP');
    const many = Array.from({ length: 32 }, () => ({ data: new Uint8Array(60_000) }));
    for (let round = 0; round < 10; round++) {
      await until(() => outgoing.checkSend() === 32n);
      expect(outgoing.send(many)).to.equal(32n);
    }
    expect((thrown(() => outgoing.send(many)) as PluginError).code).to.equal('ERR_TRAP');
  });

  it('keeps to the order of its states', async () => {
    const guest = new SocketsGuest(networked(['*:*']));
    const socket = guest.udp();
    expect(err(() => socket.finishBind())).to.equal('not-in-progress');
    expect(err(() => socket.stream(undefined))).to.equal('invalid-state');
    expect(err(() => socket.localAddress())).to.equal('invalid-state');
    expect(err(() => socket.startBind(guest.network, ipv4(5353, 0, 0, 0, 0)))).to.equal('access-denied');
    expect(err(() => socket.startBind(guest.network, ipv6(0, 0, 0, 0, 0, 0, 0, 0, 0)))).to.equal('invalid-argument');
    socket.startBind(guest.network, ipv4(0, 0, 0, 0, 0));
    expect(err(() => socket.finishBind())).to.equal('would-block');
    expect(err(() => socket.startBind(guest.network, ipv4(0, 0, 0, 0, 0)))).to.equal('invalid-state');
    await ready(socket.subscribe());
    socket.finishBind();
    expect(socket.addressFamily()).to.equal('ipv4');
    expect(err(() => socket.setUnicastHopLimit(0))).to.equal('invalid-argument');
    socket.setUnicastHopLimit(1);
  });
});
