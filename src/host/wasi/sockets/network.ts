import type { WasiHost } from '../host.ts';
import type { IoError } from '../io-error.ts';
import { Resource } from '../resource.ts';
import { type SocketErrorCode, SocketIoError } from './error-code.ts';

/** `wasi:sockets/network.network`: a handle that by itself allows nothing. */
export class Network extends Resource {}

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
    networkErrorCode(error: IoError): SocketErrorCode | undefined {
      host.hostCall();
      return error instanceof SocketIoError ? error.code : undefined;
    },
  };
}
