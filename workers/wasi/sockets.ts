import type { WasiHost } from './host.ts';
import { Resource, withoutInstances } from './resource.ts';
import { WitError } from './wit-error.ts';

/** `wasi:sockets/network.network`: a handle that by itself allows nothing. */
class Network extends Resource {}

/** Deny every way to a socket, an address or a name: no grant covers `wasi:sockets` yet. */
function denied(host: WasiHost): () => never {
  return () => {
    host.hostCall();
    throw new WitError('access-denied');
  };
}

/** `wasi:sockets/instance-network`. Getting the network cannot fail; using it does. */
export function instanceNetwork(host: WasiHost): object {
  return {
    instanceNetwork(): Network {
      host.hostCall();
      return new Network(host);
    },
  };
}

/** `wasi:sockets/network` */
export function network(host: WasiHost): object {
  return {
    Network,
    networkErrorCode(): undefined {
      host.hostCall();
      return undefined;
    },
  };
}

const ResolveAddressStream: object = withoutInstances('wasi:sockets/ip-name-lookup.resolve-address-stream', [
  'resolveNextAddress',
  'subscribe',
]);

/** `wasi:sockets/ip-name-lookup` */
export function ipNameLookup(host: WasiHost): object {
  return { ResolveAddressStream, resolveAddresses: denied(host) };
}

const TcpSocket: object = withoutInstances('wasi:sockets/tcp.tcp-socket', [
  'startBind',
  'finishBind',
  'startConnect',
  'finishConnect',
  'startListen',
  'finishListen',
  'accept',
  'localAddress',
  'remoteAddress',
  'isListening',
  'addressFamily',
  'setListenBacklogSize',
  'keepAliveEnabled',
  'setKeepAliveEnabled',
  'keepAliveIdleTime',
  'setKeepAliveIdleTime',
  'keepAliveInterval',
  'setKeepAliveInterval',
  'keepAliveCount',
  'setKeepAliveCount',
  'hopLimit',
  'setHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
  'subscribe',
  'shutdown',
]);

/** `wasi:sockets/tcp` */
export function tcp(): object {
  return { TcpSocket };
}

/** `wasi:sockets/tcp-create-socket` */
export function tcpCreateSocket(host: WasiHost): object {
  return { createTcpSocket: denied(host) };
}

const UdpSocket: object = withoutInstances('wasi:sockets/udp.udp-socket', [
  'startBind',
  'finishBind',
  'stream',
  'localAddress',
  'remoteAddress',
  'addressFamily',
  'unicastHopLimit',
  'setUnicastHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
  'subscribe',
]);
const IncomingDatagramStream: object = withoutInstances('wasi:sockets/udp.incoming-datagram-stream', [
  'receive',
  'subscribe',
]);
const OutgoingDatagramStream: object = withoutInstances('wasi:sockets/udp.outgoing-datagram-stream', [
  'checkSend',
  'send',
  'subscribe',
]);

/** `wasi:sockets/udp` */
export function udp(): object {
  return { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream };
}

/** `wasi:sockets/udp-create-socket` */
export function udpCreateSocket(host: WasiHost): object {
  return { createUdpSocket: denied(host) };
}
