import { canonical } from '../../policy/ip-address.ts';
import { parseHost } from '../../policy/network-grants.ts';
import type { WasiHost } from '../host.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { Channel } from '../network/channel.ts';
import { Pollable } from '../poll.ts';
import { Resource } from '../resource.ts';
import { type IpAddress, toIpAddress } from './address.ts';
import { type SocketErrorCode, socketError } from './error-code.ts';
import type { Network } from './network.ts';

/** A look-up that is under way, the addresses that are left to hand out, or what it failed with. */
type State =
  | { readonly name: 'asking'; readonly channel: Channel<readonly string[], SocketErrorCode>; readonly host: string }
  /** `host` is the name that was looked up; undefined for an address, which says nothing new. */
  | { readonly name: 'answered'; readonly addresses: string[]; readonly host: string | undefined }
  | { readonly name: 'failed'; readonly error: SocketErrorCode };

/** `wasi:sockets/ip-name-lookup.resolve-address-stream` */
export class ResolveAddressStream extends Resource {
  readonly #network: NetworkAccess;
  #state: State;

  constructor(host: WasiHost, network: NetworkAccess, state: State) {
    super(host);
    this.#network = network;
    this.#state = state;
  }

  resolveNextAddress(): IpAddress | undefined {
    this.host.hostCall();
    if (this.#state.name === 'asking') this.#state = this.#answer(this.#state);
    if (this.#state.name === 'failed') throw socketError(this.#state.error);
    const { host, addresses } = this.#state;
    const address = addresses.shift();
    if (address === undefined) return undefined;
    if (host !== undefined) this.#network.learn(host, address);
    return toIpAddress(address);
  }

  subscribe(): Pollable {
    this.host.hostCall();
    const state = this.#state;
    return new Pollable(
      this.host,
      state.name === 'asking' ? state.channel.event(({ settled }) => settled) : { remaining: () => 0n },
    );
  }

  protected override dropped(): void {
    if (this.#state.name === 'asking') this.#state.channel.close();
  }

  /** Of the answer the guest gets what it may connect to; the rest would tell it about the host's network. */
  #answer({ channel, host }: Extract<State, { name: 'asking' }>): Exclude<State, { name: 'asking' }> {
    if (!channel.settled) throw socketError('would-block');
    const { opened, failure } = channel;
    channel.close();
    if (opened === undefined) return { name: 'failed', error: failure ?? 'temporary-resolver-failure' };
    const { grants } = this.#network;
    const addresses = opened.filter((address) => grants.permitsResolved(host, address, 'any'));
    return addresses.length === 0 ? { name: 'failed', error: 'access-denied' } : { name: 'answered', addresses, host };
  }
}

/** `wasi:sockets/ip-name-lookup` */
export function ipNameLookup(host: WasiHost, network: NetworkAccess): object {
  return {
    ResolveAddressStream,
    resolveAddresses(_network: Network, name: string): ResolveAddressStream {
      host.hostCall();
      if (network.grants.none) throw socketError('access-denied');
      return new ResolveAddressStream(host, network, start(network, name));
    },
  };
}

function start(network: NetworkAccess, name: string): State {
  const address = canonical(name);
  if (address !== undefined) return { name: 'answered', addresses: [address], host: undefined };
  const host = parseHost(name);
  if (host === undefined) throw socketError('invalid-argument');
  if (host.kind === 'address') return { name: 'answered', addresses: [host.text], host: undefined };
  if (!network.grants.permits(host, 'any')) throw socketError('access-denied');
  const timeoutMs = network.timeoutMs(network.limits.connectTimeoutMs);
  const channel = network.open<readonly string[], SocketErrorCode>(
    { kind: 'lookup', name: host.text, timeoutMs },
    'temporary-resolver-failure',
  );
  if (channel === undefined) throw socketError('temporary-resolver-failure');
  return { name: 'asking', channel, host: host.text };
}
