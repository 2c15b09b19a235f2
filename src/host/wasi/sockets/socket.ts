import type { WasiHost } from '../host.ts';
import type { NetworkAccess } from '../network/access.ts';
import { WINDOW_BYTES } from '../network/limits.ts';
import { Pollable } from '../poll.ts';
import { Resource } from '../resource.ts';
import type { Family } from './address.ts';
import type { UdpChannel } from './datagrams.ts';
import { socketError } from './error-code.ts';
import type { TcpChannel } from './tcp-streams.ts';

/** What was started and may not be finished. */
type InProgress = Pick<TcpChannel | UdpChannel, 'word' | 'settled'>;

/** What the sockets of TCP and UDP have in common. */
export abstract class Socket extends Resource {
  protected readonly network: NetworkAccess;
  protected readonly family: Family;

  constructor(host: WasiHost, network: NetworkAccess, family: Family) {
    super(host);
    this.network = network;
    this.family = family;
  }

  addressFamily(): Family {
    this.host.hostCall();
    return this.family;
  }

  receiveBufferSize(): bigint {
    this.host.hostCall();
    return BigInt(WINDOW_BYTES);
  }

  setReceiveBufferSize(value: bigint): void {
    this.setFixed(value);
  }

  sendBufferSize(): bigint {
    this.host.hostCall();
    return BigInt(WINDOW_BYTES);
  }

  setSendBufferSize(value: bigint): void {
    this.setFixed(value);
  }

  /** Ready unless something is in progress. */
  subscribe(): Pollable {
    this.host.hostCall();
    return new Pollable(this.host, {
      word: () => this.inProgress()?.word,
      remaining: () => ((this.inProgress()?.settled ?? true) ? 0n : undefined),
    });
  }

  protected abstract inProgress(): InProgress | undefined;

  /**
   * Takes note of a setting that stays as it is, which the interface allows.
   *
   * @throws {WitError} `invalid-argument` for 0.
   */
  protected setFixed(value: number | bigint): void {
    this.host.hostCall();
    if (value <= 0) throw socketError('invalid-argument');
  }
}
