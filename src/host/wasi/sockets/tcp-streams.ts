import type { WasiHost } from '../host.ts';
import type { Channel } from '../network/channel.ts';
import type { TcpEndpoints } from '../network/protocol.ts';
import type { Event } from '../poll.ts';
import { closed, failed, type Sink, type Source } from '../streams.ts';
import { type SocketErrorCode, SocketIoError } from './error-code.ts';

export type TcpChannel = Channel<TcpEndpoints, SocketErrorCode>;

/** What a connection brings. */
export class TcpSource implements Source {
  readonly #host: WasiHost;
  readonly #channel: TcpChannel;
  #state: 'open' | 'shut' = 'open';
  readonly readable: Event;

  constructor(host: WasiHost, channel: TcpChannel) {
    this.#host = host;
    this.#channel = channel;
    this.readable = channel.event(({ readable }) => this.#state === 'shut' || readable);
  }

  read(length: number): Uint8Array {
    if (this.#state === 'shut') throw closed();
    const bytes = this.#channel.read(length);
    if (bytes !== undefined) return bytes;
    const { failure, ended, word } = this.#channel;
    if (failure !== undefined) throw failed(new SocketIoError(this.#host, failure));
    if (ended !== undefined || word === undefined) throw closed();
    return new Uint8Array();
  }

  /** The guest expects nothing more. */
  shut(): void {
    this.#state = 'shut';
    this.#channel.discard();
  }
}

/** What is written to a connection. */
export class TcpSink implements Sink {
  readonly #host: WasiHost;
  readonly #channel: TcpChannel;
  #state: 'open' | 'shut' = 'open';
  readonly writable: Event;
  readonly flushed: Event;

  constructor(host: WasiHost, channel: TcpChannel) {
    this.#host = host;
    this.#channel = channel;
    const over = ({ failure }: TcpChannel): boolean => this.#state === 'shut' || failure !== undefined;
    this.writable = channel.event((channel) => channel.room > 0 || over(channel));
    this.flushed = channel.event((channel) => channel.sending === 0 || over(channel));
  }

  room(): number {
    const { room, failure, word } = this.#channel;
    if (failure !== undefined) throw failed(new SocketIoError(this.#host, failure));
    if (this.#state === 'shut' || word === undefined) throw closed();
    return room;
  }

  write(bytes: Uint8Array): void {
    this.room();
    this.#channel.write(bytes);
  }

  /** The guest sends nothing more; what it has written still leaves. */
  shut(): void {
    if (this.#state === 'shut') return;
    this.#state = 'shut';
    this.#channel.finish();
  }
}
