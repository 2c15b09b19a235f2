import type { WasiHost } from '../host.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { Family } from './address.ts';
import { socketError } from './error-code.ts';
import { TcpSocket } from './tcp-socket.ts';

/** `wasi:sockets/tcp` */
export function tcp(): object {
  return { TcpSocket };
}

/** `wasi:sockets/tcp-create-socket` */
export function tcpCreateSocket(host: WasiHost, network: NetworkAccess): object {
  return {
    createTcpSocket(family: Family): TcpSocket {
      host.hostCall();
      if (network.grants.none) throw socketError('access-denied');
      return new TcpSocket(host, network, family);
    },
  };
}
