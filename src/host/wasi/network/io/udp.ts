import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { canonical } from '../../../policy/ip-address.ts';
import { toSocketError } from '../../sockets/error-code.ts';
import { toFault } from '../fault.ts';
import { WINDOW_DATAGRAMS } from '../limits.ts';
import type { ChannelMessage, Datagram, UdpBindMessage } from '../protocol.ts';
import type { Post, Task } from './task.ts';

/** Peers that a socket remembers; the one that was sent to the longest time ago is forgotten first. */
const MAX_PEERS = 256;

/** Datagrams that may be lost between two that the guest sends or takes: to throw away more costs time for nothing. */
const MAX_LOST = 16_384;

/** A UDP socket of `wasi:sockets` at a port of the system's choice. It hears only those whom it has spoken to. */
export class UdpSocket implements Task {
  readonly #socket: Socket;
  readonly #post: Post;
  readonly #peers = new Set<string>();
  #window = WINDOW_DATAGRAMS;
  #lost = 0;
  #state: 'open' | 'closed' = 'open';

  constructor({ family }: UdpBindMessage, post: Post) {
    this.#post = post;
    this.#socket = createSocket({
      type: family === 'ipv4' ? 'udp4' : 'udp6',
      ipv6Only: family === 'ipv6',
      // Addresses only, and they were checked.
      lookup: (address, _options, answer) => answer(null, address, family === 'ipv4' ? 4 : 6),
    });
    this.#socket.on('error', (error) => post({ kind: 'failed', error: toSocketError(toFault(error)) }));
    this.#socket.on('message', (bytes, from) => this.#receive(bytes, from));
    this.#socket.bind({ port: 0, exclusive: true }, () => {
      if (this.#state === 'closed') return;
      const { address, port } = this.#socket.address();
      post({ kind: 'opened', opened: { address: canonical(address) ?? '0.0.0.0', port } });
    });
  }

  handle(message: ChannelMessage): void {
    this.#lost = 0;
    if (message.kind === 'datagram') this.#send(message.datagram);
    else if (message.kind === 'taken') this.#window += message.amount;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#socket.close();
  }

  #send({ bytes, address, port }: Datagram): void {
    const peer = `${address} ${port}`;
    this.#peers.delete(peer);
    this.#peers.add(peer);
    if (this.#peers.size > MAX_PEERS) {
      const [oldest] = this.#peers;
      this.#peers.delete(oldest!);
    }
    this.#socket.send(bytes, port, address, (error) => {
      if (error !== null) this.#post({ kind: 'unsent', error: toSocketError(toFault(error)) });
      this.#post({ kind: 'sent', amount: 1 });
    });
  }

  #lose(): void {
    if (this.#state === 'closed' || ++this.#lost <= MAX_LOST) return;
    this.#post({ kind: 'failed', error: 'connection-aborted' });
    this.close();
  }

  /** A datagram that finds no room is lost, as datagrams are. */
  #receive(bytes: Buffer, from: RemoteInfo): void {
    const address = canonical(from.address.replace(/%.*/, ''));
    if (address === undefined || this.#window === 0 || !this.#peers.has(`${address} ${from.port}`)) {
      this.#lose();
      return;
    }
    this.#window--;
    this.#post({ kind: 'datagram', datagram: { bytes: new Uint8Array(bytes), address, port: from.port } });
  }
}
