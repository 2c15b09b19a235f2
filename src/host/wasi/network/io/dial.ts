import { once } from 'node:events';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { familyOf } from '../../../policy/ip-address.ts';
import { NetworkFault, toFault, toTlsFault } from '../fault.ts';

/** Where to, after every check: nothing below looks a name up. */
export interface Destination {
  /** Addresses in canonical form, at least one; they are tried until one answers. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** The name that the other side has to prove it has; undefined for no TLS. */
  readonly tls: { readonly name: string } | undefined;
}

/**
 * Opens a connection; the only place that does.
 *
 * @throws {NetworkFault} `connect-timeout` also when the signal is aborted.
 */
export async function dial({ addresses, port, tls }: Destination, signal: AbortSignal): Promise<Socket> {
  const socket = connect({
    // A name that is none: the pinned addresses answer for it, whatever the resolver would say by now.
    host: addresses.length === 1 ? addresses[0]! : 'pinned.invalid',
    port,
    lookup: pinned(addresses),
    autoSelectFamily: true,
    allowHalfOpen: true,
    noDelay: true,
  });
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? new NetworkFault('connect-timeout') : toFault(error);
  }
  return tls === undefined ? socket : secure(socket, tls.name, signal);
}

/** The handshake, on a connection that is open. Certificates are verified against the process's roots, always. */
async function secure(socket: Socket, name: string, signal: AbortSignal): Promise<Socket> {
  const isName = !name.includes(':') && !/^[\d.]+$/.test(name);
  const options = { socket, host: name, ALPNProtocols: ['http/1.1'], rejectUnauthorized: true };
  const encrypted = connectTls(isName ? { ...options, servername: name } : options);
  try {
    await once(encrypted, 'secureConnect', { signal });
    return encrypted;
  } catch (error) {
    encrypted.destroy();
    socket.destroy();
    throw signal.aborted ? new NetworkFault('connect-timeout') : toTlsFault(error);
  }
}

function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: familyOf(address) === 'ipv4' ? 4 : 6 }));
  return (_name, options, answer) => {
    if (options.all === true) answer(null, all);
    else answer(null, all[0]!.address, all[0]!.family);
  };
}
