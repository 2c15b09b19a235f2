import { trap } from '../../wit-error.ts';
import type { Endpoint } from '../network/protocol.ts';
import { assertAnyLocal, type IpSocketAddress, remoteEndpoint, toSocketAddress } from './address.ts';
import { type Association, IncomingDatagramStream, OutgoingDatagramStream, type UdpChannel } from './datagrams.ts';
import { type SocketErrorCode, socketError } from './error-code.ts';
import type { Network } from './network.ts';
import { Socket } from './socket.ts';

type State =
  | { readonly name: 'unbound' | 'closed' }
  | { readonly name: 'binding'; readonly channel: UdpChannel }
  | { readonly name: 'bound'; readonly channel: UdpChannel; readonly local: Endpoint };

const HOP_LIMIT = 64;

/** `wasi:sockets/udp.udp-socket`: sends to where the policy allows, and hears those whom it has sent to. */
export class UdpSocket extends Socket {
  #state: State = { name: 'unbound' };
  #association: Association | undefined;

  startBind(_network: Network, localAddress: IpSocketAddress): void {
    this.host.hostCall();
    if (this.#state.name !== 'unbound') throw socketError('invalid-state');
    assertAnyLocal(this.family, localAddress);
    const channel = this.network.open<Endpoint, SocketErrorCode>({ kind: 'bind', family: this.family }, 'unknown');
    if (channel === undefined) throw socketError('new-socket-limit');
    this.#state = { name: 'binding', channel };
  }

  finishBind(): void {
    this.host.hostCall();
    if (this.#state.name !== 'binding') throw socketError('not-in-progress');
    const { channel } = this.#state;
    if (!channel.settled) throw socketError('would-block');
    const { opened: local } = channel;
    if (local !== undefined) {
      this.#state = { name: 'bound', channel, local };
      return;
    }
    this.#state = { name: 'unbound' };
    channel.close();
    throw socketError(channel.failure ?? 'unknown');
  }

  stream(remoteAddress: IpSocketAddress | undefined): [IncomingDatagramStream, OutgoingDatagramStream] {
    this.host.hostCall();
    if (this.#state.name !== 'bound') throw socketError('invalid-state');
    if (this.#association !== undefined && this.#association.streams > 0) {
      throw trap(
        'The plugin asked a UDP socket for streams while it had some',
        'Drop the streams of the socket before calling `stream` again.',
      );
    }
    const remote = remoteAddress === undefined ? undefined : remoteEndpoint(this.family, remoteAddress);
    if (remote !== undefined && !this.network.permitsSocket(remote.address, remote.port)) {
      throw socketError('access-denied');
    }
    const { channel } = this.#state;
    const association: Association = { channel, network: this.network, family: this.family, remote, streams: 0 };
    this.#association = association;
    return [new IncomingDatagramStream(this.host, association), new OutgoingDatagramStream(this.host, association)];
  }

  localAddress(): IpSocketAddress {
    this.host.hostCall();
    if (this.#state.name !== 'bound') throw socketError('invalid-state');
    return toSocketAddress(this.#state.local);
  }

  remoteAddress(): IpSocketAddress {
    this.host.hostCall();
    const remote = this.#association?.remote;
    if (remote === undefined) throw socketError('invalid-state');
    return toSocketAddress(remote);
  }

  unicastHopLimit(): number {
    this.host.hostCall();
    return HOP_LIMIT;
  }

  setUnicastHopLimit(value: number): void {
    this.setFixed(value);
  }

  protected override inProgress(): UdpChannel | undefined {
    return this.#state.name === 'binding' ? this.#state.channel : undefined;
  }

  protected override dropped(): void {
    if ('channel' in this.#state) this.#state.channel.close('gently');
    this.#state = { name: 'closed' };
  }
}
