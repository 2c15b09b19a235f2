import { expect } from 'chai';
import type { PluginError } from '../../../src/errors.ts';
import { closeAll, err, sandbox, thrown } from './sandbox.ts';

describe('wasi:sockets', () => {
  afterEach(closeAll);

  it('denies every way to a socket or a name, with the error of the interface', () => {
    const { interface: get } = sandbox();
    const network = get<{ instanceNetwork(): object }>('wasi:sockets/instance-network').instanceNetwork();
    const { createTcpSocket } = get<{ createTcpSocket(family: string): never }>('wasi:sockets/tcp-create-socket');
    const { createUdpSocket } = get<{ createUdpSocket(family: string): never }>('wasi:sockets/udp-create-socket');
    const { resolveAddresses } = get<{ resolveAddresses(network: object, name: string): never }>(
      'wasi:sockets/ip-name-lookup',
    );
    for (const family of ['ipv4', 'ipv6']) {
      expect(err(() => createTcpSocket(family))).to.equal('access-denied');
      expect(err(() => createUdpSocket(family))).to.equal('access-denied');
    }
    expect(err(() => resolveAddresses(network, 'localhost'))).to.equal('access-denied');
  });

  it('makes a network each time, of the class that the interface names', () => {
    const { interface: get } = sandbox();
    const { Network } = get<{ Network: new () => object }>('wasi:sockets/network');
    const { instanceNetwork } = get<{ instanceNetwork(): object }>('wasi:sockets/instance-network');
    expect(instanceNetwork()).to.be.instanceOf(Network).and.not.equal(instanceNetwork());
  });

  it('links sockets, of which there are none', () => {
    const { TcpSocket } = sandbox().interface<{ TcpSocket: { prototype: Record<string, () => void> } }>(
      'wasi:sockets/tcp',
    );
    expect((thrown(() => TcpSocket.prototype.startConnect!()) as PluginError).code).to.equal('ERR_TRAP');
  });
});
