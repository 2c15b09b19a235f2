import type { WasiHost } from '../host.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { Family } from './address.ts';
import { IncomingDatagramStream, OutgoingDatagramStream } from './datagrams.ts';
import { socketError } from './error-code.ts';
import { UdpSocket } from './udp-socket.ts';

/** `wasi:sockets/udp` */
export function udp(): object {
  return { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream };
}

/** `wasi:sockets/udp-create-socket` */
export function udpCreateSocket(host: WasiHost, network: NetworkAccess): object {
  return {
    createUdpSocket(family: Family): UdpSocket {
      host.hostCall();
      if (network.grants.none) throw socketError('access-denied');
      return new UdpSocket(host, network, family);
    },
  };
}
