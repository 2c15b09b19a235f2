import { canonical, familyOf, fromGroups, groupsOf, isMapped } from '../../policy/ip-address.ts';
import type { Endpoint } from '../network/protocol.ts';
import { socketError } from './error-code.ts';

/** The enum `ip-address-family` of `wasi:sockets/network`. */
export type Family = 'ipv4' | 'ipv6';

/** The variant `ip-address`: four bytes, or eight groups of sixteen bits. */
export interface IpAddress {
  readonly tag: Family;
  readonly val: readonly number[];
}

/** The variant `ip-socket-address`. */
export interface IpSocketAddress {
  readonly tag: Family;
  readonly val: {
    readonly address: readonly number[];
    readonly port: number;
    readonly flowInfo?: number;
    readonly scopeId?: number;
  };
}

/** The WIT form of a canonical address. */
export function toIpAddress(address: string): IpAddress {
  const tag = familyOf(address);
  return { tag, val: tag === 'ipv4' ? address.split('.').map(Number) : groupsOf(address) };
}

/** The WIT form of an end of a socket. */
export function toSocketAddress({ address, port }: Endpoint): IpSocketAddress {
  const { tag, val } = toIpAddress(address);
  return { tag, val: tag === 'ipv4' ? { address: val, port } : { address: val, port, flowInfo: 0, scopeId: 0 } };
}

/**
 * Where a guest wants to connect or send to. A zone is not passed on: it would choose an interface of the host.
 *
 * @throws {WitError} `invalid-argument` for another family, port 0, and what is no address of one host.
 */
export function remoteEndpoint(family: Family, { tag, val: { address, port } }: IpSocketAddress): Endpoint {
  const first = address[0] ?? 0;
  const multicast = tag === 'ipv4' ? first >= 224 : first >= 0xff00;
  const unspecified = address.every((part) => part === 0);
  if (tag !== family || port === 0 || multicast || unspecified || (tag === 'ipv6' && isMapped(address))) {
    throw socketError('invalid-argument');
  }
  return { address: canonicalOf(tag, address), port };
}

/**
 * Checks where a guest wants to be reached. The system chooses the port and the interface: a guest that chose would
 * learn which ports are in use, and could take one that a service is about to use.
 *
 * @throws {WitError} `invalid-argument` for another family, else `access-denied`.
 */
export function assertAnyLocal(family: Family, { tag, val: { address, port } }: IpSocketAddress): void {
  if (tag !== family || (tag === 'ipv6' && isMapped(address))) throw socketError('invalid-argument');
  if (port !== 0 || address.some((part) => part !== 0)) throw socketError('access-denied');
}

function canonicalOf(tag: Family, address: readonly number[]): string {
  const text = tag === 'ipv4' ? canonical(address.join('.')) : fromGroups(address);
  if (text === undefined) throw socketError('invalid-argument');
  return text;
}
