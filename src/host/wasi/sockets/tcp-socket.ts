import type { TcpEndpoints } from '../network/protocol.ts';
import { InputStream, OutputStream } from '../streams.ts';
import { assertAnyLocal, type IpSocketAddress, remoteEndpoint, toSocketAddress } from './address.ts';
import { type SocketErrorCode, socketError } from './error-code.ts';
import type { Network } from './network.ts';
import { Socket } from './socket.ts';
import { type TcpChannel, TcpSink, TcpSource } from './tcp-streams.ts';

type State =
  | { readonly name: 'unbound' | 'binding' | 'bound' | 'closed' }
  | { readonly name: 'connecting'; readonly channel: TcpChannel }
  | {
      readonly name: 'connected';
      readonly channel: TcpChannel;
      readonly ends: TcpEndpoints;
      readonly source: TcpSource;
      readonly sink: TcpSink;
    };

const NS_PER_S = 1_000_000_000n;
/** Settings that a guest may write and that stay as they are, which the interface allows; Linux's defaults. */
const FIXED = { idleTime: 7200n * NS_PER_S, interval: 75n * NS_PER_S, count: 9, hopLimit: 64 };

/**
 * `wasi:sockets/tcp.tcp-socket`: connects to where the policy allows. It never listens, which no policy grants.
 *
 * https://github.com/WebAssembly/wasi-sockets/blob/main/TcpSocketOperationalSemantics.md
 */
export class TcpSocket extends Socket {
  #keepAlive = false;
  #state: State = { name: 'unbound' };

  startBind(_network: Network, localAddress: IpSocketAddress): void {
    this.host.hostCall();
    this.#expect('unbound');
    assertAnyLocal(this.family, localAddress);
    this.#state = { name: 'binding' };
  }

  /** There is nothing to do: the system binds the socket when it connects. */
  finishBind(): void {
    this.host.hostCall();
    if (this.#state.name !== 'binding') throw socketError('not-in-progress');
    this.#state = { name: 'bound' };
  }

  startConnect(_network: Network, remoteAddress: IpSocketAddress): void {
    this.host.hostCall();
    this.#expect('unbound', 'bound');
    const { address, port } = remoteEndpoint(this.family, remoteAddress);
    if (!this.network.permitsSocket(address, port)) throw socketError('access-denied');
    const timeoutMs = this.network.timeoutMs(this.network.limits.connectTimeoutMs);
    const channel = this.network.open<TcpEndpoints, SocketErrorCode>(
      { kind: 'connect', address, port, timeoutMs, keepAlive: this.#keepAlive },
      'connection-aborted',
    );
    if (channel === undefined) throw socketError('new-socket-limit');
    this.#state = { name: 'connecting', channel };
  }

  finishConnect(): [InputStream, OutputStream] {
    this.host.hostCall();
    if (this.#state.name !== 'connecting') throw socketError('not-in-progress');
    const { channel } = this.#state;
    if (!channel.settled) throw socketError('would-block');
    const { opened: ends } = channel;
    if (ends === undefined) {
      this.#state = { name: 'closed' };
      channel.close();
      throw socketError(channel.failure ?? 'connection-aborted');
    }
    const source = new TcpSource(this.host, channel);
    const sink = new TcpSink(this.host, channel);
    this.#state = { name: 'connected', channel, ends, source, sink };
    return [new InputStream(this.host, source), new OutputStream(this.host, sink)];
  }

  startListen(): never {
    this.host.hostCall();
    this.#expect('bound');
    throw socketError('access-denied');
  }

  finishListen(): never {
    this.host.hostCall();
    throw socketError('not-in-progress');
  }

  accept(): never {
    this.host.hostCall();
    throw socketError('invalid-state');
  }

  localAddress(): IpSocketAddress {
    this.host.hostCall();
    // Before it connects the system has bound it to nothing; the interface knows this as any address, any port.
    if (this.#state.name === 'bound') {
      return toSocketAddress({ address: this.family === 'ipv4' ? '0.0.0.0' : '::', port: 0 });
    }
    return toSocketAddress(this.#ends().local);
  }

  remoteAddress(): IpSocketAddress {
    this.host.hostCall();
    return toSocketAddress(this.#ends().remote);
  }

  isListening(): boolean {
    this.host.hostCall();
    return false;
  }

  setListenBacklogSize(value: bigint): void {
    this.setFixed(value);
    this.#expect('unbound', 'binding', 'bound');
  }

  keepAliveEnabled(): boolean {
    this.host.hostCall();
    return this.#keepAlive;
  }

  setKeepAliveEnabled(value: boolean): void {
    this.host.hostCall();
    this.#keepAlive = value;
    if ('channel' in this.#state) this.#state.channel.keepAlive(value);
  }

  keepAliveIdleTime(): bigint {
    this.host.hostCall();
    return FIXED.idleTime;
  }

  setKeepAliveIdleTime(value: bigint): void {
    this.setFixed(value);
  }

  keepAliveInterval(): bigint {
    this.host.hostCall();
    return FIXED.interval;
  }

  setKeepAliveInterval(value: bigint): void {
    this.setFixed(value);
  }

  keepAliveCount(): number {
    this.host.hostCall();
    return FIXED.count;
  }

  setKeepAliveCount(value: number): void {
    this.setFixed(value);
  }

  hopLimit(): number {
    this.host.hostCall();
    return FIXED.hopLimit;
  }

  setHopLimit(value: number): void {
    this.setFixed(value);
  }

  protected override inProgress(): TcpChannel | undefined {
    return this.#state.name === 'connecting' ? this.#state.channel : undefined;
  }

  shutdown(type: 'receive' | 'send' | 'both'): void {
    this.host.hostCall();
    if (this.#state.name !== 'connected') throw socketError('invalid-state');
    if (type !== 'send') this.#state.source.shut();
    if (type !== 'receive') this.#state.sink.shut();
  }

  /** What was written still leaves. */
  protected override dropped(): void {
    if ('channel' in this.#state) this.#state.channel.close('gently');
    this.#state = { name: 'closed' };
  }

  #expect(...names: readonly State['name'][]): void {
    if (!names.includes(this.#state.name)) throw socketError('invalid-state');
  }

  #ends(): TcpEndpoints {
    if (this.#state.name !== 'connected') throw socketError('invalid-state');
    return this.#state.ends;
  }
}
