import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Everything that is not globally reachable but loopback, from the registries of special-purpose addresses (RFC 6890
 * and its successors): private and link-local ranges, unspecified, multicast, documentation, and every way of IPv6 to
 * wrap an IPv4 address but NAT64.
 */
const NOT_PUBLIC = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]);
const LOOPBACK = blockList(['127.0.0.0/8', '::1/128']);
/** All of IPv6 that is handed out as public, so that a range unknown here is not public. */
const GLOBAL_IPV6 = blockList(['2000::/3']);
/** The well-known prefix of NAT64 (RFC 6052): the address behind it is what counts. */
const NAT64 = blockList(['64:ff9b::/96']);

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address, bits] = subnet.split('/') as [string, string];
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

/** Whether an address, as {@link canonical} returns it, is reachable from anywhere. */
export function isPublic(address: string): boolean {
  const family = familyOf(address);
  if (LOOPBACK.check(address, family) || NOT_PUBLIC.check(address, family)) return false;
  if (family === 'ipv4') return true;
  if (NAT64.check(address, 'ipv6')) return isPublic(embeddedIpv4(groupsOf(address)));
  return GLOBAL_IPV6.check(address, 'ipv6');
}

/** Whether an address, as {@link canonical} returns it, is the host itself. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, familyOf(address));
}

export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/**
 * The one spelling of an address under which all checks see it, or undefined for what is no address. An IPv4-mapped
 * address is the IPv4 address, because that is what the kernel connects to. There are no zones.
 */
export function canonical(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return fromGroups(groupsOf(text));
}

/** The canonical address of the eight groups of an IPv6 address. */
export function fromGroups(groups: readonly number[]): string {
  return isMapped(groups) ? embeddedIpv4(groups) : groups.map((group) => group.toString(16)).join(':');
}

/** Whether the groups are those of an IPv4-mapped address (`::ffff:a.b.c.d`). */
export function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

/** The eight groups of an IPv6 address. */
export function groupsOf(address: string): number[] {
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(address);
  const hex = dotted === null ? address : address.slice(0, dotted.index) + hexGroups(dotted[0]);
  const [head, tail] = hex
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))));
  if (tail === undefined) return head!;
  return [...head!, ...Array<number>(8 - head!.length - tail.length).fill(0), ...tail];
}

/** An IPv4 address as the last two groups of an IPv6 address. */
function hexGroups(ipv4: string): string {
  const [a, b, c, d] = ipv4.split('.').map(Number) as [number, number, number, number];
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function embeddedIpv4(groups: readonly number[]): string {
  const [high, low] = groups.slice(6) as [number, number];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
