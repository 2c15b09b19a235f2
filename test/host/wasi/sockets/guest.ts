import type { IpAddress, IpSocketAddress } from '../../../../src/host/wasi/sockets/address.ts';
import type { SocketErrorCode } from '../../../../src/host/wasi/sockets/error-code.ts';
import type { ResolveAddressStream } from '../../../../src/host/wasi/sockets/name-lookup.ts';
import type { Network } from '../../../../src/host/wasi/sockets/network.ts';
import type { TcpSocket } from '../../../../src/host/wasi/sockets/tcp-socket.ts';
import type { UdpSocket } from '../../../../src/host/wasi/sockets/udp-socket.ts';
import type { InputStream, OutputStream, StreamError } from '../../../../src/host/wasi/streams.ts';
import { WitError } from '../../../../src/host/wit-error.ts';
import { ready } from '../network/local.ts';
import { err, type Sandbox } from '../sandbox.ts';

/** The form that `wasi:sockets` has for an IPv4 address and a port. */
export function ipv4(port: number, ...address: readonly number[]): IpSocketAddress {
  return { tag: 'ipv4', val: { port, address: address.length === 0 ? [127, 0, 0, 1] : address } };
}

export function ipv6(port: number, ...address: readonly number[]): IpSocketAddress {
  return { tag: 'ipv6', val: { port, address, flowInfo: 0, scopeId: 0 } };
}

/** The functions of `wasi:sockets` as a guest uses them, waiting while the event loop turns. */
export class SocketsGuest {
  readonly network: Network;
  readonly #box: Sandbox;

  constructor(box: Sandbox) {
    this.#box = box;
    this.network = box.interface<{ instanceNetwork(): Network }>('wasi:sockets/instance-network').instanceNetwork();
  }

  tcp(family: 'ipv4' | 'ipv6' = 'ipv4'): TcpSocket {
    return this.#box
      .interface<{ createTcpSocket(family: string): TcpSocket }>('wasi:sockets/tcp-create-socket')
      .createTcpSocket(family);
  }

  udp(family: 'ipv4' | 'ipv6' = 'ipv4'): UdpSocket {
    return this.#box
      .interface<{ createUdpSocket(family: string): UdpSocket }>('wasi:sockets/udp-create-socket')
      .createUdpSocket(family);
  }

  resolve(name: string): ResolveAddressStream {
    return this.#box
      .interface<{ resolveAddresses(network: Network, name: string): ResolveAddressStream }>(
        'wasi:sockets/ip-name-lookup',
      )
      .resolveAddresses(this.network, name);
  }

  /** The error code behind what a stream fails with; `closed`. */
  streamError(call: () => unknown): SocketErrorCode | 'closed' | undefined {
    const error = err(call) as StreamError;
    if (error.tag === 'closed') return 'closed';
    return this.#box
      .interface<{ networkErrorCode(error: unknown): SocketErrorCode | undefined }>('wasi:sockets/network')
      .networkErrorCode(error.val);
  }

  /** Connects. @throws {WitError<SocketErrorCode>} */
  async connect(address: IpSocketAddress, socket: TcpSocket = this.tcp()): Promise<[InputStream, OutputStream]> {
    socket.startConnect(this.network, address);
    await ready(socket.subscribe());
    return socket.finishConnect();
  }

  async bound(): Promise<UdpSocket> {
    const socket = this.udp();
    socket.startBind(this.network, ipv4(0, 0, 0, 0, 0));
    await ready(socket.subscribe());
    socket.finishBind();
    return socket;
  }

  /** All addresses of a name. @throws {WitError<SocketErrorCode>} */
  async addresses(name: string): Promise<IpAddress[]> {
    const stream = this.resolve(name);
    await ready(stream.subscribe());
    const found: IpAddress[] = [];
    for (let next = stream.resolveNextAddress(); next !== undefined; next = stream.resolveNextAddress()) {
      found.push(next);
    }
    stream[Symbol.dispose]();
    return found;
  }
}

/** Reads until there are so many bytes. */
export async function readBytes(stream: InputStream, length: number): Promise<Buffer> {
  let read = Buffer.alloc(0);
  while (read.length < length) {
    await ready(stream.subscribe());
    read = Buffer.concat([read, stream.read(BigInt(length - read.length))]);
  }
  return read;
}

export async function writeBytes(stream: OutputStream, content: Uint8Array): Promise<void> {
  for (let rest = content; rest.length > 0; ) {
    await ready(stream.subscribe());
    const part = rest.subarray(0, Number(stream.checkWrite()));
    stream.write(part);
    rest = rest.subarray(part.length);
  }
}

/** The error of `wasi:sockets` that something ends with. */
export async function socketFailure(promise: Promise<unknown>): Promise<SocketErrorCode> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WitError) return error.payload as SocketErrorCode;
    throw error;
  }
  throw new Error('expected an error');
}
