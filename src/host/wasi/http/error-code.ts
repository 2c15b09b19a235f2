import { describe } from '../../../errors.ts';
import { WitError } from '../../wit-error.ts';
import { codeOf, type FaultKind, type NetworkFault } from '../network/fault.ts';

/** The variant `error-code` of `wasi:http/types`, as far as the host uses it. */
export type HttpErrorCode =
  | { readonly tag: PlainTag }
  | {
      readonly tag: 'DNS-error';
      readonly val: { readonly rcode: string | undefined; readonly infoCode: number | undefined };
    }
  | {
      readonly tag: 'TLS-alert-received';
      readonly val: { readonly alertId: number | undefined; readonly alertMessage: string | undefined };
    }
  | { readonly tag: 'HTTP-request-body-size' | 'HTTP-response-body-size'; readonly val: bigint | undefined }
  | {
      readonly tag:
        | 'HTTP-request-header-section-size'
        | 'HTTP-request-trailer-section-size'
        | 'HTTP-response-header-section-size'
        | 'HTTP-response-trailer-section-size';
      readonly val: number | undefined;
    }
  | { readonly tag: 'internal-error'; readonly val: string | undefined };

type PlainTag =
  | 'DNS-timeout'
  | 'destination-not-found'
  | 'destination-unavailable'
  | 'destination-IP-prohibited'
  | 'destination-IP-unroutable'
  | 'connection-refused'
  | 'connection-terminated'
  | 'connection-timeout'
  | 'connection-read-timeout'
  | 'connection-write-timeout'
  | 'connection-limit-reached'
  | 'TLS-protocol-error'
  | 'TLS-certificate-error'
  | 'HTTP-request-denied'
  | 'HTTP-request-method-invalid'
  | 'HTTP-request-URI-invalid'
  | 'HTTP-response-incomplete'
  | 'HTTP-response-timeout'
  | 'HTTP-upgrade-failed'
  | 'HTTP-protocol-error';

const TAGS: Readonly<Partial<Record<FaultKind, PlainTag>>> = {
  'name-unknown': 'destination-not-found',
  'resolver-timeout': 'DNS-timeout',
  prohibited: 'destination-IP-prohibited',
  'connect-timeout': 'connection-timeout',
  refused: 'connection-refused',
  unreachable: 'destination-IP-unroutable',
  reset: 'connection-terminated',
  aborted: 'connection-terminated',
  'no-ports': 'destination-unavailable',
  'tls-certificate': 'TLS-certificate-error',
  'tls-protocol': 'TLS-protocol-error',
};

/** An error without a payload, to throw. */
export function httpError(tag: PlainTag): WitError<HttpErrorCode> {
  return new WitError<HttpErrorCode>({ tag });
}

/** A failure in the words of `wasi:http`. None of them says anything about the host. */
export function toHttpError({ kind, cause }: NetworkFault): HttpErrorCode {
  if (kind === 'resolver-failed') {
    return { tag: 'DNS-error', val: { rcode: codeOf(cause).replace(/^E/, '') || undefined, infoCode: undefined } };
  }
  if (kind === 'tls-alert') {
    const number = /alert number (\d+)/.exec(describe(cause))?.[1];
    return {
      tag: 'TLS-alert-received',
      val: { alertId: number === undefined ? undefined : Number(number), alertMessage: undefined },
    };
  }
  const tag = TAGS[kind];
  return tag === undefined ? { tag: 'internal-error', val: undefined } : { tag };
}
