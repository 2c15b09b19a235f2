import { Resolver as DnsResolver } from 'node:dns/promises';
import { canonical } from '../../../policy/ip-address.ts';
import { isLocalhost } from '../../../policy/network-grants.ts';
import { codeOf, NetworkFault } from '../fault.ts';
import type { ResolverOptions } from '../protocol.ts';
import { HOSTS_FILE, Hosts } from './hosts.ts';

/** Of a longer answer the rest is left out. */
const MAX_ADDRESSES = 16;
/** Attempts at each name server; the time limit of the look-up is what ends them. */
const TRIES = 3;

/**
 * Looks names up in the hosts file and at the name servers, and not with the system's `getaddrinfo`: that blocks one of
 * the process's few threads for it and cannot be cancelled, so that a worker whose guest asks a slow name server could
 * not be terminated for ten seconds.
 */
export class Resolver {
  readonly #nameServers: readonly string[] | undefined;
  readonly #hosts: Hosts;

  constructor({ nameServers, hostsFile }: ResolverOptions) {
    this.#nameServers = nameServers;
    this.#hosts = new Hosts(hostsFile ?? HOSTS_FILE);
  }

  /**
   * The addresses of a name, in canonical form, best first.
   *
   * @throws {NetworkFault} `name-unknown`, `resolver-failed`, or `resolver-timeout` when the signal is aborted.
   */
  async resolve(name: string, signal: AbortSignal): Promise<readonly string[]> {
    if (isLocalhost(name)) return ['127.0.0.1', canonical('::1')!];
    const known = await this.#hosts.lookup(name);
    if (known !== undefined) return known;
    if (signal.aborted) throw new NetworkFault('resolver-timeout');
    // One for each look-up: it is cancelled as a whole, and knows the system's name servers of now.
    const resolver = new DnsResolver({ tries: TRIES });
    if (this.#nameServers !== undefined) resolver.setServers(this.#nameServers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel);
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    signal.removeEventListener('abort', cancel);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses.flatMap((address) => canonical(address) ?? []).slice(0, MAX_ADDRESSES);
    throw fault(answers.map((answer) => (answer.status === 'rejected' ? answer.reason : undefined)));
  }
}

/** A name that one family says is unknown is unknown, whatever became of the other question. */
function fault(errors: readonly unknown[]): NetworkFault {
  const codes = errors.map(codeOf);
  if (codes.some((code) => code === 'ENOTFOUND' || code === 'ENODATA')) return new NetworkFault('name-unknown');
  if (codes.some((code) => code === 'ETIMEOUT' || code === 'ECANCELLED')) return new NetworkFault('resolver-timeout');
  return new NetworkFault('resolver-failed', errors[0]);
}
