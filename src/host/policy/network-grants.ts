import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { canonical, familyOf, isLoopback, isPublic } from './ip-address.ts';

/** A host: an address in canonical form, or a name in lower case, in ASCII, without a last dot. */
export interface Host {
  readonly kind: 'address' | 'name';
  readonly text: string;
}

/** One pattern of `allowNetwork`. */
interface Pattern {
  readonly host:
    | Host
    | { readonly kind: 'any' }
    | { readonly kind: 'below'; readonly domain: string }
    | { readonly kind: 'range'; readonly addresses: BlockList };
  readonly port: number | 'any';
}

/**
 * What the patterns of `allowNetwork` allow:
 *
 * | pattern | reaches |
 * |---|---|
 * | `*:443` | every public address and name, at that port |
 * | `*.example.org:443` | names with one label before `example.org`, at public addresses |
 * | `api.example.org:443` | that name, at public addresses |
 * | `localhost:8080` (and names below `.localhost`) | that name, at loopback addresses |
 * | `10.0.0.7:5432`, `[::1]:80` | that address, whatever it is, by itself or under a name that is granted too |
 * | `10.0.0.0/8:5432`, `[fd00::/8]:80` | the same for each address of a range |
 *
 * The port `*` stands for every port. Whoever serves a name's DNS chooses its addresses; so a name alone never leads to
 * a private or link-local address (169.254.169.254 hands out a cloud's credentials), nor to the host itself.
 */
export class NetworkGrants {
  readonly #patterns: readonly Pattern[];

  /** @param patterns As {@link isPattern} accepts them. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.flatMap((pattern) => parsePattern(pattern) ?? []);
  }

  /** Whether nothing is granted at all. */
  get none(): boolean {
    return this.#patterns.length === 0;
  }

  /** Whether a name may be looked up and then spoken to where {@link permitsResolved} says, or an address spoken to. */
  permits(host: Host, port: number | 'any'): boolean {
    return this.#some(port, ({ host: granted }) =>
      host.kind === 'address'
        ? namesAddress(granted, host.text) || (granted.kind === 'any' && isPublic(host.text))
        : coversName(granted, host.text),
    );
  }

  /** Whether a name that is permitted may be spoken to at an address that it has, or had when it was looked up. */
  permitsResolved(name: string, address: string, port: number | 'any'): boolean {
    if (!this.permits({ kind: 'name', text: name }, port)) return false;
    if (isPublic(address) || this.#some(port, ({ host }) => namesAddress(host, address))) return true;
    return (
      isLoopback(address) &&
      isLocalhost(name) &&
      this.#some(port, ({ host }) => host.kind === 'name' && host.text === name)
    );
  }

  #some(port: number | 'any', fits: (pattern: Pattern) => boolean): boolean {
    return this.#patterns.some(
      (pattern) => (port === 'any' || pattern.port === 'any' || pattern.port === port) && fits(pattern),
    );
  }
}

/** Whether a string is a pattern of `allowNetwork`. */
export function isPattern(text: string): boolean {
  return parsePattern(text) !== undefined;
}

function parsePattern(pattern: string): Pattern | undefined {
  const match = /^(.+):(\*|\d{1,5})$/.exec(pattern);
  if (match === null) return undefined;
  const port = match[2] === '*' ? 'any' : Number(match[2]);
  const host = parseGranted(match[1]!);
  return host === undefined || port === 0 || (port !== 'any' && port > 0xffff) ? undefined : { host, port };
}

function parseGranted(text: string): Pattern['host'] | undefined {
  if (text === '*') return { kind: 'any' };
  const range = /^(\[?)([^[\]/]+)\/(\d{1,3})(\]?)$/.exec(text);
  if (range !== null) return parseRange(range[2]!, Number(range[3]), `${range[1]}${range[4]}`);
  if (!text.startsWith('*.')) return parseHost(text);
  const host = parseHost(text.slice(2));
  return host?.kind === 'name' ? { kind: 'below', domain: `.${host.text}` } : undefined;
}

function parseRange(address: string, bits: number, brackets: string): Pattern['host'] | undefined {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  if (family === 'ipv4' ? bits > 32 || brackets !== '' : !isIPv6(address) || bits > 128 || brackets !== '[]') {
    return undefined;
  }
  const addresses = new BlockList();
  addresses.addSubnet(address, bits, family);
  return { kind: 'range', addresses };
}

const FORBIDDEN_IN_NAMES = /[\0-\x20"#%/:<>?@[\\\]^`{|}*\x7f]/;
const NAME = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;
const MAX_NAME = 253;

/**
 * Reads a host as URLs have it (https://url.spec.whatwg.org/#host-parsing): IPv6 addresses in brackets, and `127.1` or
 * `0x7f000001` are addresses, not names that a resolver may take for one.
 */
export function parseHost(text: string): Host | undefined {
  if (text.startsWith('[') && text.endsWith(']')) {
    const address = isIPv6(text.slice(1, -1)) ? canonical(text.slice(1, -1)) : undefined;
    return address === undefined ? undefined : { kind: 'address', text: address };
  }
  if (FORBIDDEN_IN_NAMES.test(text)) return undefined;
  const ascii = domainToASCII(text).replace(/\.$/, '');
  if (isIPv4(ascii)) return { kind: 'address', text: ascii };
  return ascii.length <= MAX_NAME && NAME.test(ascii) ? { kind: 'name', text: ascii } : undefined;
}

/** RFC 6761, section 6.3: these names are never asked of a name server. */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** Whether an address is granted by itself. */
function namesAddress(granted: Pattern['host'], address: string): boolean {
  if (granted.kind === 'range') return granted.addresses.check(address, familyOf(address));
  return granted.kind === 'address' && granted.text === address;
}

function coversName(granted: Pattern['host'], name: string): boolean {
  switch (granted.kind) {
    case 'any':
      return true;
    case 'below':
      return name.endsWith(granted.domain) && !name.slice(0, -granted.domain.length).includes('.');
    case 'name':
      return name === granted.text;
    case 'address':
    case 'range':
      return false;
  }
}
