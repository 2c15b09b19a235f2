import type { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import { IoError } from '../io-error.ts';
import { failed, type StreamError } from '../streams.ts';
import type { HttpErrorCode } from './error-code.ts';

/** The `wasi:io/error` of an HTTP body; `http-error-code` finds the code in it. */
export class HttpIoError extends IoError {
  readonly code: HttpErrorCode;

  constructor(host: WasiHost, code: HttpErrorCode) {
    super(host, `HTTP: ${code.tag}`);
    this.code = code;
  }
}

/** What a stream of a body throws. */
export function bodyFailed(host: WasiHost, code: HttpErrorCode): WitError<StreamError> {
  return failed(new HttpIoError(host, code));
}
