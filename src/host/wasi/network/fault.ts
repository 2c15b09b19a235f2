import { describe } from '../../../errors.ts';
import { isError } from '../../../text/is-error.ts';

/** Why a connection failed, in no interface's words. */
export type FaultKind =
  | 'name-unknown'
  | 'resolver-failed'
  | 'resolver-timeout'
  | 'prohibited'
  | 'connect-timeout'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'aborted'
  | 'no-ports'
  | 'too-large'
  | 'tls-certificate'
  | 'tls-alert'
  | 'tls-protocol'
  | 'other';

/** A failure of the network, on its way to the words of an interface. */
export class NetworkFault extends Error {
  override readonly name: string = 'NetworkFault';
  readonly kind: FaultKind;

  constructor(kind: FaultKind, cause?: unknown) {
    super(kind, { cause });
    this.kind = kind;
  }
}

const SYSTEM_ERRORS: ReadonlyMap<string, FaultKind> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ECONNABORTED', 'aborted'],
  ['ETIMEDOUT', 'connect-timeout'],
  ['EHOSTUNREACH', 'unreachable'],
  ['EHOSTDOWN', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['EACCES', 'unreachable'],
  ['EPERM', 'unreachable'],
  ['EADDRINUSE', 'no-ports'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EMSGSIZE', 'too-large'],
]);

/** Says of any error of `node:net` and `node:dgram` what it is. */
export function toFault(error: unknown): NetworkFault {
  if (error instanceof NetworkFault) return error;
  return new NetworkFault(SYSTEM_ERRORS.get(codeOf(error)) ?? 'other', error);
}

/** Says of an error of a TLS handshake what it is; what has no code of its own is a certificate that was not accepted. */
export function toTlsFault(error: unknown): NetworkFault {
  const system = toFault(error);
  if (system.kind !== 'other') return system;
  const code = codeOf(error);
  if (/alert number \d+/.test(describe(error))) return new NetworkFault('tls-alert', error);
  return new NetworkFault(/^(ERR_SSL_|EPROTO)/.test(code) ? 'tls-protocol' : 'tls-certificate', error);
}

/** The `code` of a Node error; '' if it has none. */
export function codeOf(error: unknown): string {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
