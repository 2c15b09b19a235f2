import type { WasiHost } from '../host.ts';
import type { IoError } from '../io-error.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { HttpErrorCode } from './error-code.ts';
import { checked, type FieldsClass, HeaderFields } from './fields.ts';
import { HttpIoError } from './http-error.ts';
import { FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingResponse } from './incoming.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { HttpRequest } from './outgoing-request.ts';
import { HttpResponse } from './outgoing-response.ts';
import { HttpRequestOptions } from './request-options.ts';
import { IncomingRequest, ResponseOutparam } from './served-request.ts';

/**
 * `wasi:http/types`. The resources that a guest constructs itself need a class for each instance: a constructor gets
 * nothing but the guest's arguments, and has to know whose books to keep.
 */
export function types(host: WasiHost, { limits }: NetworkAccess): FieldsClass {
  class Fields extends HeaderFields {
    constructor() {
      host.hostCall();
      super(host);
    }

    static fromList(entries: readonly (readonly [string, Uint8Array])[]): HeaderFields {
      host.hostCall();
      // Checked first: what is refused is no resource. By whichever class it is called: WASI 0.3 has its own.
      const accepted = checked(entries);
      return new this().adopt(accepted, 'mutable');
    }
  }

  class OutgoingRequest extends HttpRequest {
    constructor(headers: Fields) {
      super(host, headers, limits.maxRequestBodyBytes);
    }
  }

  class OutgoingResponse extends HttpResponse {
    constructor(headers: Fields) {
      super(host, headers);
    }
  }

  class RequestOptions extends HttpRequestOptions {
    constructor() {
      super(host);
    }
  }

  const interfaces = {
    httpErrorCode(error: IoError): HttpErrorCode | undefined {
      host.hostCall();
      return error instanceof HttpIoError ? error.code : undefined;
    },
    Fields,
    FutureIncomingResponse,
    FutureTrailers,
    IncomingBody,
    IncomingRequest,
    IncomingResponse,
    OutgoingBody,
    OutgoingRequest,
    OutgoingResponse,
    RequestOptions,
    ResponseOutparam,
  };
  return interfaces;
}
