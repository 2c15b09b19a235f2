import { descriptors } from '../../descriptors.ts';
import { NetworkGrants } from '../../policy/network-grants.ts';
import { assertStackRoom } from '../../stack-room.ts';
import type { WasiHost } from '../host.ts';
import { Channel } from './channel.ts';
import { type IoThread, ioThread } from './io-thread.ts';
import { DEFAULT_NETWORK_LIMITS, type NetworkLimits } from './limits.ts';
import type { Failure, Opened, OpenMessage } from './protocol.ts';

/** How an instance gets to the network. */
export interface NetworkOptions {
  /** @default see {@link NetworkLimits} */
  readonly limits?: Partial<NetworkLimits>;
  /** The thread that does the I/O. @default one that all instances of this thread share */
  readonly io?: IoThread;
}

/** Addresses that look-ups of one instance have handed out and that are remembered; the oldest are forgotten. */
const MAX_KNOWN_ADDRESSES = 256;
const NS_PER_MS = 1_000_000n;

let instances = 0;

/** The network as one instance may use it: what is granted to it, and what it has open. */
export class NetworkAccess {
  readonly grants: NetworkGrants;
  readonly limits: NetworkLimits;
  readonly #host: WasiHost;
  readonly #io: IoThread;
  readonly #names = new Map<string, ReadonlySet<string>>();
  readonly #owner = ++instances;
  #open = 0;

  constructor(host: WasiHost, options: NetworkOptions = {}) {
    this.#host = host;
    this.#io = options.io ?? ioThread;
    this.grants = new NetworkGrants(host.policy.allowNetwork);
    this.limits = { ...DEFAULT_NETWORK_LIMITS, ...options.limits };
  }

  /**
   * Opens a channel, which is closed with the instance at the latest.
   *
   * @param lost What the channel fails with if the I/O thread is lost.
   * @returns undefined when the instance, or the process, has as many open as it may.
   */
  open<OpenedTo extends Opened, Fails extends Failure>(
    message: OpenMessage,
    lost: Fails,
  ): Channel<OpenedTo, Fails> | undefined {
    assertStackRoom();
    if (this.#open >= this.limits.maxOpen || !descriptors.take(this.#open)) return undefined;
    this.#open++;
    const forget = this.#host.atEnd(() => channel.close());
    const channel = new Channel<OpenedTo, Fails>(
      (listener) => this.#io.open(message, listener, this.#owner),
      lost,
      () => {
        this.#open--;
        descriptors.give();
        forget();
      },
    );
    return channel;
  }

  /** A call into the instance begins: what the I/O thread does for its channels is the call's. */
  begin(): void {
    this.#io.worksFor(this.#owner);
  }

  end(): void {
    this.#io.worksFor(0);
  }

  /** Milliseconds of a time limit that the guest may have set, in nanoseconds: no more than the policy's wall time. */
  timeoutMs(limitMs: number, wanted?: bigint): number {
    const { wallTimeLimitMs } = this.#host.policy;
    const most = Math.min(limitMs, wallTimeLimitMs);
    return wanted === undefined ? most : Number(min(wanted / NS_PER_MS + 1n, BigInt(most)));
  }

  /** Takes note that a look-up has handed out an address of a name, so that sockets may connect to it. */
  learn(name: string, address: string): void {
    const known = this.#names.get(address);
    this.#names.delete(address);
    this.#names.set(address, new Set(known).add(name));
    if (this.#names.size > MAX_KNOWN_ADDRESSES) {
      const [oldest] = this.#names.keys();
      this.#names.delete(oldest!);
    }
  }

  /** Whether a socket may speak to an address: it is granted itself, or a look-up of a granted name handed it out. */
  permitsSocket(address: string, port: number): boolean {
    if (this.grants.permits({ kind: 'address', text: address }, port)) return true;
    const names = [...(this.#names.get(address) ?? [])];
    return names.some((name) => this.grants.permitsResolved(name, address, port));
  }
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
