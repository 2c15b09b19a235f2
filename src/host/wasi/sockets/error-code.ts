import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import { IoError } from '../io-error.ts';
import type { FaultKind, NetworkFault } from '../network/fault.ts';

/** The enum `error-code` of `wasi:sockets/network`. */
export type SocketErrorCode =
  | 'unknown'
  | 'access-denied'
  | 'not-supported'
  | 'invalid-argument'
  | 'out-of-memory'
  | 'timeout'
  | 'concurrency-conflict'
  | 'not-in-progress'
  | 'would-block'
  | 'invalid-state'
  | 'new-socket-limit'
  | 'address-not-bindable'
  | 'address-in-use'
  | 'remote-unreachable'
  | 'connection-refused'
  | 'connection-reset'
  | 'connection-aborted'
  | 'datagram-too-large'
  | 'name-unresolvable'
  | 'temporary-resolver-failure'
  | 'permanent-resolver-failure';

const CODES: Readonly<Partial<Record<FaultKind, SocketErrorCode>>> = {
  'name-unknown': 'name-unresolvable',
  'resolver-failed': 'temporary-resolver-failure',
  'resolver-timeout': 'temporary-resolver-failure',
  prohibited: 'access-denied',
  'connect-timeout': 'timeout',
  refused: 'connection-refused',
  unreachable: 'remote-unreachable',
  reset: 'connection-reset',
  aborted: 'connection-aborted',
  'no-ports': 'address-in-use',
  'too-large': 'datagram-too-large',
};

/** A failure in the words of `wasi:sockets`. */
export function toSocketError({ kind }: NetworkFault): SocketErrorCode {
  return CODES[kind] ?? 'unknown';
}

/** An error to throw. */
export function socketError(code: SocketErrorCode): WitError<SocketErrorCode> {
  return new WitError<SocketErrorCode>(code);
}

/** The `wasi:io/error` of a stream of a socket; `network-error-code` finds the code in it. */
export class SocketIoError extends IoError {
  readonly code: SocketErrorCode;

  constructor(host: WasiHost, code: SocketErrorCode) {
    super(host, `socket: ${code}`);
    this.code = code;
  }
}
