import type { WasiHost } from '../host.ts';
import { withoutInstances } from '../resource.ts';
import { checked, HeaderFields } from './fields.ts';
import { HttpRequest, HttpRequestOptions, HttpResponse, OutgoingBody } from './message.ts';

// Only the host makes these, for guests that serve requests or got a response; neither happens without a network.
const IncomingRequest: object = withoutInstances('wasi:http/types.incoming-request', [
  'method',
  'pathWithQuery',
  'scheme',
  'authority',
  'headers',
  'consume',
]);
const ResponseOutparam: object = withoutInstances('wasi:http/types.response-outparam', ['sendInformational'], ['set']);
const IncomingResponse: object = withoutInstances('wasi:http/types.incoming-response', [
  'status',
  'headers',
  'consume',
]);
const IncomingBody: object = withoutInstances('wasi:http/types.incoming-body', ['stream'], ['finish']);
const FutureTrailers: object = withoutInstances('wasi:http/types.future-trailers', ['subscribe', 'get']);
const FutureIncomingResponse: object = withoutInstances('wasi:http/types.future-incoming-response', [
  'subscribe',
  'get',
]);

/**
 * `wasi:http/types`. The resources that a guest constructs itself need a class for each instance: a constructor gets
 * nothing but the guest's arguments, and has to know whose books to keep.
 */
export function types(host: WasiHost): object {
  class Fields extends HeaderFields {
    constructor() {
      host.hostCall();
      super(host);
    }

    static fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields {
      host.hostCall();
      // Checked first: what is refused is no resource.
      const accepted = checked(entries);
      return new Fields().adopt(accepted, 'mutable');
    }
  }

  class OutgoingRequest extends HttpRequest {
    constructor(headers: Fields) {
      super(host, headers);
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

  return {
    httpErrorCode(): undefined {
      host.hostCall();
      return undefined;
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
}
