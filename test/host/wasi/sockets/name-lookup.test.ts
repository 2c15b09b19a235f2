import { expect } from 'chai';
import { endAll, nameServer, networked, tcpServer } from '../network/local.ts';
import { closeAll, err } from '../sandbox.ts';
import { ipv4, SocketsGuest, socketFailure } from './guest.ts';

describe('wasi:sockets/ip-name-lookup', function () {
  this.timeout(20_000);
  afterEach(async () => {
    closeAll();
    await endAll();
  });

  it('gives the addresses of a granted name that a guest may connect to', async () => {
    const server = await tcpServer();
    const { address } = await nameServer({ 'db.test': [['10.0.0.1', '127.0.0.1', '169.254.169.254', '1.1.1.1']] });
    const grants = ['db.test:*', `127.0.0.1:${server.port}`];
    const guest = new SocketsGuest(networked(grants, { nameServers: [address] }));
    expect(await guest.addresses('DB.test.')).to.deep.equal([
      { tag: 'ipv4', val: [127, 0, 0, 1] },
      { tag: 'ipv4', val: [1, 1, 1, 1] },
    ]);
    const [input, output] = await guest.connect(ipv4(server.port));
    expect([input, output]).to.have.length(2);
    // Looked up, and granted at this port for no name.
    expect(await socketFailure(guest.connect(ipv4(server.port + 1)))).to.equal('access-denied');
  });

  it('knows localhost without asking anybody', async () => {
    const { address, questions } = await nameServer({});
    const guest = new SocketsGuest(networked(['localhost:80'], { nameServers: [address] }));
    expect(await guest.addresses('localhost')).to.deep.equal([
      { tag: 'ipv4', val: [127, 0, 0, 1] },
      { tag: 'ipv6', val: [0, 0, 0, 0, 0, 0, 0, 1] },
    ]);
    expect(questions).to.deep.equal([]);
  });

  it('gives an address back as it is, which opens nothing', async () => {
    const server = await tcpServer();
    const guest = new SocketsGuest(networked([`*:${server.port}`]));
    expect(await guest.addresses('127.0.0.1')).to.deep.equal([{ tag: 'ipv4', val: [127, 0, 0, 1] }]);
    expect(await guest.addresses('::1')).to.deep.equal([{ tag: 'ipv6', val: [0, 0, 0, 0, 0, 0, 0, 1] }]);
    // Never IPv4-mapped, says the interface.
    expect(await guest.addresses('::ffff:1.2.3.4')).to.deep.equal([{ tag: 'ipv4', val: [1, 2, 3, 4] }]);
    expect(await socketFailure(guest.connect(ipv4(server.port)))).to.equal('access-denied');
    expect(server.connections.length).to.equal(0);
  });

  it('denies names that are not granted, and does not ask for them', async () => {
    const { address, questions } = await nameServer({ 'other.test': [['1.1.1.1']] });
    const guest = new SocketsGuest(networked(['db.test:80', '*.sub.test:80'], { nameServers: [address] }));
    for (const name of ['other.test', 'a.b.sub.test', 'sub.test', 'localhost']) {
      expect(
        err(() => guest.resolve(name)),
        name,
      ).to.equal('access-denied');
    }
    for (const name of ['', 'a b', 'a/b', 'x'.repeat(300)]) {
      expect(
        err(() => guest.resolve(name)),
        name,
      ).to.equal('invalid-argument');
    }
    expect(questions).to.deep.equal([]);
  });

  it('says what a look-up fails with', async () => {
    const { address } = await nameServer({ 'private.test': [['10.0.0.1']], 'silent.test': [] });
    const patient = new SocketsGuest(networked(['*:80'], { nameServers: [address] }));
    expect(await socketFailure(patient.addresses('unknown.test'))).to.equal('name-unresolvable');
    expect(await socketFailure(patient.addresses('private.test'))).to.equal('access-denied');
    const options = { nameServers: [address], limits: { connectTimeoutMs: 50, maxOpen: 1 } };
    const guest = new SocketsGuest(networked(['*:80'], options));
    expect(await socketFailure(guest.addresses('silent.test'))).to.equal('temporary-resolver-failure');
    // Each look-up was over when it had an answer.
    const pending = guest.resolve('silent.test');
    expect(err(() => pending.resolveNextAddress())).to.equal('would-block');
    expect(err(() => guest.resolve('silent.test'))).to.equal('temporary-resolver-failure');
    pending[Symbol.dispose]();
    guest.resolve('silent.test');
  });
});
