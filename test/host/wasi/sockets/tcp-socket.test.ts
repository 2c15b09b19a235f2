import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { TcpSocket } from '../../../../src/host/wasi/sockets/tcp-socket.ts';
import { until } from '../../../support/outcome.ts';
import { closedPort, endAll, nameServer, networked, ready, tcpServer } from '../network/local.ts';
import { bytes, closeAll, err, sandbox } from '../sandbox.ts';
import { ipv4, ipv6, readBytes, SocketsGuest, socketFailure, writeBytes } from './guest.ts';

const MiB = 1024 * 1024;

describe('wasi:sockets/tcp', function () {
  this.timeout(20_000);
  afterEach(async () => {
    closeAll();
    await endAll();
  });

  it('has no sockets without a grant', () => {
    const guest = new SocketsGuest(sandbox());
    expect(err(() => guest.tcp())).to.equal('access-denied');
    expect(err(() => guest.udp())).to.equal('access-denied');
    expect(err(() => guest.resolve('localhost'))).to.equal('access-denied');
  });

  it('exchanges bytes with a server, both ways', async () => {
    const { port } = await tcpServer((socket) => socket.pipe(socket));
    const guest = new SocketsGuest(networked([`127.0.0.1:${port}`]));
    const socket = guest.tcp();
    const [input, output] = await guest.connect(ipv4(port), socket);
    for (const text of ['hello', 'there']) {
      await writeBytes(output, bytes(text));
      expect((await readBytes(input, 5)).toString()).to.equal(text);
    }
    const local = socket.localAddress();
    expect([local.tag, local.val.address, local.val.port > 0]).to.deep.equal(['ipv4', [127, 0, 0, 1], true]);
    expect(socket.remoteAddress()).to.deep.equal(ipv4(port));
    expect([socket.isListening(), socket.addressFamily()]).to.deep.equal([false, 'ipv4']);
  });

  it('moves much, and holds up whoever is too fast', async () => {
    let received = 0;
    let connection: Socket | undefined;
    const { port } = await tcpServer((socket) => {
      connection = socket;
      socket.pause();
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      socket.on('end', () => socket.end(Buffer.alloc(8 * MiB, 'z')));
    });
    const box = networked([`127.0.0.1:${port}`], { policy: { maxHostCalls: 1e9 } });
    const guest = new SocketsGuest(box);
    const socket = guest.tcp();
    const [input, output] = await guest.connect(ipv4(port), socket);
    // The server does not read: at some point there is no more room.
    let written = 0;
    for (let room = 1; room > 0; ) {
      room = Number(output.checkWrite());
      output.write(new Uint8Array(room));
      written += room;
      if (room > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).to.be.below(32 * MiB);
    expect(output.subscribe().ready()).to.equal(false);
    connection!.resume();
    await ready(output.subscribe());
    await writeBytes(output, new Uint8Array(2 * MiB));
    socket.shutdown('send');
    expect(guest.streamError(() => output.checkWrite())).to.equal('closed');
    expect((await readBytes(input, 8 * MiB)).every((byte) => byte === 0x7a)).to.equal(true);
    await ready(input.subscribe());
    expect(guest.streamError(() => input.read(1n))).to.equal('closed');
    expect(received).to.equal(written + 2 * MiB);
  });

  it('goes on sending after the other side has ended, within its window', async () => {
    let received = '';
    const { port } = await tcpServer((socket) => {
      socket.end('bye');
      socket.on('data', (chunk: Buffer) => {
        received += chunk;
      });
    });
    const guest = new SocketsGuest(networked([`127.0.0.1:${port}`]));
    const [input, output] = await guest.connect(ipv4(port));
    expect((await readBytes(input, 3)).toString()).to.equal('bye');
    await ready(input.subscribe());
    expect(guest.streamError(() => input.read(1n))).to.equal('closed');
    await writeBytes(output, bytes('still here'));
    await until(() => received === 'still here');
    expect(Number(output.checkWrite())).to.be.at.most(256 * 1024);
  });

  it('says what became of a connection', async () => {
    const { port } = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const guest = new SocketsGuest(networked([`127.0.0.1:*`]));
    expect(await socketFailure(guest.connect(ipv4(await closedPort())))).to.equal('connection-refused');
    const [input, output] = await guest.connect(ipv4(port));
    await writeBytes(output, bytes('x'));
    await ready(input.subscribe());
    expect(guest.streamError(() => input.read(1n))).to.equal('connection-reset');
    expect(guest.streamError(() => output.checkWrite())).to.equal('connection-reset');
  });

  describe('denies', () => {
    it('every address and port that is not granted', async () => {
      const server = await tcpServer();
      const guest = new SocketsGuest(networked([`127.0.0.1:${server.port}`, '*:80', '[fd00::/8]:80']));
      for (const address of [
        ipv4(server.port + 1),
        ipv4(server.port, 127, 0, 0, 2),
        ipv4(80, 10, 0, 0, 1),
        ipv4(80, 169, 254, 169, 254),
        ipv4(81, 1, 1, 1, 1),
      ]) {
        expect(await socketFailure(guest.connect(address)), JSON.stringify(address)).to.equal('access-denied');
      }
      for (const address of [ipv6(80, 0, 0, 0, 0, 0, 0, 0, 1), ipv6(80, 0xfe80, 0, 0, 0, 0, 0, 0, 1)]) {
        expect(await socketFailure(guest.connect(address, guest.tcp('ipv6')))).to.equal('access-denied');
      }
      expect(server.connections.length).to.equal(0);
    });

    it('what is no address of one host', async () => {
      const guest = new SocketsGuest(networked(['*:*', '0.0.0.0/0:*', '[::/0]:*']));
      for (const address of [
        ipv4(0),
        ipv4(80, 0, 0, 0, 0),
        ipv4(80, 224, 0, 0, 1),
        ipv4(80, 255, 255, 255, 255),
        ipv6(80, 0, 0, 0, 0, 0, 0, 0, 1),
      ]) {
        expect(await socketFailure(guest.connect(address)), JSON.stringify(address)).to.equal('invalid-argument');
      }
      for (const address of [
        ipv6(80, 0, 0, 0, 0, 0, 0xffff, 0x7f00, 1),
        ipv6(80, 0, 0, 0, 0, 0, 0, 0, 0),
        ipv6(80, 0xff02, 0, 0, 0, 0, 0, 0, 1),
        ipv4(80),
      ]) {
        const failure = socketFailure(guest.connect(address, guest.tcp('ipv6')));
        expect(await failure, JSON.stringify(address)).to.equal('invalid-argument');
      }
    });

    it('listening, and a place of its own choice', () => {
      const guest = new SocketsGuest(networked(['*:*']));
      const socket = guest.tcp();
      expect(err(() => socket.startListen())).to.equal('invalid-state');
      for (const address of [ipv4(8080, 0, 0, 0, 0), ipv4(0, 127, 0, 0, 1)]) {
        expect(err(() => socket.startBind(guest.network, address))).to.equal('access-denied');
      }
      socket.startBind(guest.network, ipv4(0, 0, 0, 0, 0));
      socket.finishBind();
      expect(err(() => socket.startBind(guest.network, ipv4(0, 0, 0, 0, 0)))).to.equal('invalid-state');
      expect(socket.localAddress()).to.deep.equal(ipv4(0, 0, 0, 0, 0));
      expect(err(() => socket.startListen())).to.equal('access-denied');
      expect(err(() => socket.finishListen())).to.equal('not-in-progress');
      expect(err(() => socket.accept())).to.equal('invalid-state');
    });

    it('a connection to an address of a name whose look-up it did not make', async () => {
      const server = await tcpServer();
      const { address } = await nameServer({ 'db.test': [['127.0.0.1', '10.0.0.1']] });
      const grants = [`db.test:${server.port}`, `127.0.0.1:9`];
      const guest = new SocketsGuest(networked(grants, { nameServers: [address] }));
      // The address is granted at another port only.
      expect(await socketFailure(guest.connect(ipv4(server.port)))).to.equal('access-denied');
      expect(await guest.addresses('db.test')).to.deep.equal([{ tag: 'ipv4', val: [127, 0, 0, 1] }]);
      expect(await socketFailure(guest.connect(ipv4(server.port)))).to.equal('access-denied');
    });
  });

  it('keeps to the order of its states', async () => {
    const { port } = await tcpServer();
    const guest = new SocketsGuest(networked([`127.0.0.1:${port}`]));
    const socket = guest.tcp();
    const wrong: readonly (readonly [string, () => unknown])[] = [
      ['not-in-progress', () => socket.finishConnect()],
      ['not-in-progress', () => socket.finishBind()],
      ['invalid-state', () => socket.localAddress()],
      ['invalid-state', () => socket.remoteAddress()],
      ['invalid-state', () => socket.shutdown('both')],
    ];
    for (const [code, call] of wrong) expect(err(call)).to.equal(code);
    socket.startConnect(guest.network, ipv4(port));
    expect(err(() => socket.startConnect(guest.network, ipv4(port)))).to.equal('invalid-state');
    expect(err(() => socket.finishConnect())).to.equal('would-block');
    await ready(socket.subscribe());
    socket.finishConnect();
    expect(err(() => socket.finishConnect())).to.equal('not-in-progress');
    expect(err(() => socket.setListenBacklogSize(1n))).to.equal('invalid-state');
  });

  it('takes settings, and refuses those that are 0', () => {
    const guest = new SocketsGuest(networked(['*:*']));
    const socket = guest.tcp();
    socket.setKeepAliveEnabled(true);
    expect(socket.keepAliveEnabled()).to.equal(true);
    const settings: readonly ((socket: TcpSocket, value: 0 | 1) => void)[] = [
      (socket, value) => socket.setListenBacklogSize(BigInt(value)),
      (socket, value) => socket.setKeepAliveIdleTime(BigInt(value)),
      (socket, value) => socket.setKeepAliveInterval(BigInt(value)),
      (socket, value) => socket.setKeepAliveCount(value),
      (socket, value) => socket.setHopLimit(value),
      (socket, value) => socket.setReceiveBufferSize(BigInt(value)),
      (socket, value) => socket.setSendBufferSize(BigInt(value)),
    ];
    for (const set of settings) {
      set(socket, 1);
      expect(err(() => set(socket, 0))).to.equal('invalid-argument');
    }
  });

  it('bounds the connections of an instance, and closes what is dropped', async () => {
    const server = await tcpServer();
    const guest = new SocketsGuest(networked([`127.0.0.1:${server.port}`], { limits: { maxOpen: 2 } }));
    const socket = guest.tcp();
    const [, output] = await guest.connect(ipv4(server.port), socket);
    await guest.connect(ipv4(server.port));
    expect(await socketFailure(guest.connect(ipv4(server.port)))).to.equal('new-socket-limit');
    // What was written still leaves.
    let received = '';
    server.connections[0]!.on('data', (chunk: Buffer) => {
      received += chunk;
    });
    output.write(bytes('last words'));
    socket[Symbol.dispose]();
    await until(() => received === 'last words' && server.connections[0]!.readableEnded);
    await guest.connect(ipv4(server.port));
    // The streams of a socket that is gone are at their end.
    expect(guest.streamError(() => output.checkWrite())).to.equal('closed');
  });
});
