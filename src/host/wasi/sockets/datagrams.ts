import { trap } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { Channel } from '../network/channel.ts';
import { WINDOW_DATAGRAMS } from '../network/limits.ts';
import type { Endpoint } from '../network/protocol.ts';
import { Pollable } from '../poll.ts';
import { Resource } from '../resource.ts';
import { type Family, type IpSocketAddress, remoteEndpoint, toSocketAddress } from './address.ts';
import { type SocketErrorCode, socketError } from './error-code.ts';

export type UdpChannel = Channel<Endpoint, SocketErrorCode>;

/** What the two streams of a UDP socket share. */
export interface Association {
  readonly channel: UdpChannel;
  readonly network: NetworkAccess;
  readonly family: Family;
  /** The one that the streams are limited to; undefined for any that is allowed. */
  readonly remote: Endpoint | undefined;
  /** Streams that the guest holds. */
  streams: number;
}

/** The record `incoming-datagram`. */
interface IncomingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: IpSocketAddress;
}

/** The record `outgoing-datagram`. */
interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress?: IpSocketAddress | undefined;
}

/** The largest payload that UDP has room for: 65,535 bytes less its header and, with IPv4, that of IP. */
const MAX_PAYLOAD = { ipv4: 65_507, ipv6: 65_527 };

abstract class DatagramStream extends Resource {
  protected readonly association: Association;

  constructor(host: WasiHost, association: Association) {
    super(host);
    this.association = association;
    association.streams++;
  }

  protected override dropped(): void {
    this.association.streams--;
  }

  /** @throws {WitError} what became of the socket, or of a datagram that was sent before. */
  protected assertWell(): void {
    const { channel } = this.association;
    const unsent = channel.takeUnsent();
    if (unsent !== undefined) throw socketError(unsent);
    if (channel.failure !== undefined) throw socketError(channel.failure);
    if (channel.word === undefined) throw socketError('invalid-state');
  }
}

/** `wasi:sockets/udp.incoming-datagram-stream` */
export class IncomingDatagramStream extends DatagramStream {
  receive(maxResults: bigint): IncomingDatagram[] {
    this.host.hostCall();
    const { channel, remote } = this.association;
    const received: IncomingDatagram[] = [];
    while (received.length < maxResults) {
      const datagram = channel.receive();
      if (datagram === undefined) break;
      const { bytes, address, port } = datagram;
      if (remote !== undefined && (address !== remote.address || port !== remote.port)) continue;
      received.push({ data: bytes, remoteAddress: toSocketAddress({ address, port }) });
    }
    if (received.length === 0) this.assertWell();
    return received;
  }

  subscribe(): Pollable {
    this.host.hostCall();
    const ready = ({ hasDatagram, unsent, failure }: UdpChannel): boolean =>
      hasDatagram || unsent !== undefined || failure !== undefined;
    return new Pollable(this.host, this.association.channel.event(ready));
  }
}

/** `wasi:sockets/udp.outgoing-datagram-stream` */
export class OutgoingDatagramStream extends DatagramStream {
  /** What the last `check-send` allowed; none without one. */
  #permitted = 0;

  checkSend(): bigint {
    this.host.hostCall();
    this.assertWell();
    this.#permitted = this.#room();
    return BigInt(this.#permitted);
  }

  send(datagrams: readonly OutgoingDatagram[]): bigint {
    this.host.hostCall();
    if (datagrams.length > this.#permitted) {
      throw trap(
        `The plugin sent ${datagrams.length} datagrams in one call; check-send permits ${this.#permitted}`,
        'Call `check-send` before each `send`, and send no more than it says.',
      );
    }
    this.#permitted = 0;
    let sent = 0n;
    for (const datagram of datagrams) {
      try {
        this.#send(datagram);
      } catch (error) {
        // The interface has no way to say both: the error comes with the next call, which begins with this datagram.
        if (sent > 0n) return sent;
        throw error;
      }
      sent++;
    }
    return sent;
  }

  subscribe(): Pollable {
    this.host.hostCall();
    const ready = ({ unsent, failure }: UdpChannel): boolean =>
      this.#room() > 0 || unsent !== undefined || failure !== undefined;
    return new Pollable(this.host, this.association.channel.event(ready));
  }

  #send({ data, remoteAddress }: OutgoingDatagram): void {
    this.assertWell();
    const { channel, network, family, remote } = this.association;
    const to = remoteAddress === undefined ? remote : remoteEndpoint(family, remoteAddress);
    if (to === undefined || (remote !== undefined && (to.address !== remote.address || to.port !== remote.port))) {
      throw socketError('invalid-argument');
    }
    if (!network.permitsSocket(to.address, to.port)) throw socketError('access-denied');
    if (data.length > MAX_PAYLOAD[family]) throw socketError('datagram-too-large');
    channel.send({ ...to, bytes: new Uint8Array(data) });
  }

  #room(): number {
    return Math.max(0, WINDOW_DATAGRAMS - this.association.channel.sending);
  }
}
