import { Later } from '../../../clock/later.ts';
import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import { type HttpErrorCode, httpError } from '../http/error-code.ts';
import { withoutTransport } from '../http/fields.ts';
import { bodySource } from '../http/incoming.ts';
import { openRequest } from '../http/outgoing-handler.ts';
import { HttpRequest } from '../http/outgoing-request.ts';
import { HttpResponse } from '../http/outgoing-response.ts';
import type { HttpChannel, Upload } from '../http/upload.ts';
import type { NetworkAccess } from '../network/access.ts';
import type { ByteStreams } from './byte-streams.ts';
import { dropHead, type Message, type RequestHead } from './held-message.ts';
import { dropBody, hasContents, sendBody } from './http-body.ts';
import type { HttpTypes } from './http-types.ts';
import type { Occurrences } from './occurrences.ts';

/** `wasi:http/client`. Redirects are not followed: the guest gets them. A request that is given up is ended. */
export function client(
  host: WasiHost,
  network: NetworkAccess,
  occurrences: Occurrences,
  streams: ByteStreams,
  types: HttpTypes,
): object {
  const responseOf = (channel: HttpChannel): Message<HttpResponse> => {
    const { status, headers } = channel.opened!;
    const head = new HttpResponse(host, new types.Fields().adopt(withoutTransport(headers), 'immutable'));
    head.setStatusCode(status);
    return new types.Response(head, {
      kind: 'outside',
      open: () => ({ ...bodySource(host, channel), close: () => channel.close() }),
      trailers: () => {
        const fields = withoutTransport(channel.ended ?? []);
        return fields.length === 0 ? undefined : new types.Fields().adopt(fields, 'immutable');
      },
    });
  };
  return {
    send(message: Message<RequestHead>): Later<Message<HttpResponse>> {
      host.hostCall();
      const { head, body } = message.take();
      let channel: HttpChannel;
      try {
        const upload = hasContents(body) ? uploadOf(head.request) : undefined;
        channel = openRequest(host, network, head.request, head.options);
        if (upload === undefined) dropBody(body, { tag: 'ok' });
        else sendBody(streams, body, upload);
      } catch (error) {
        dropBody(body, error instanceof WitError ? { tag: 'err', val: error.payload as HttpErrorCode } : undefined);
        throw error;
      } finally {
        dropHead(head);
      }
      const settled = channel.event(({ settled: known }) => known);
      const later: Later<Message<HttpResponse>> = new Later(() => {
        forget();
        channel.close();
      });
      const forget = occurrences.once(settled, () => {
        if (channel.opened !== undefined) later.resolve(responseOf(channel));
        else {
          channel.close();
          later.reject(new WitError(channel.failure!));
        }
      });
      return later;
    },
  };
}

function uploadOf(request: HttpRequest): Upload {
  try {
    return HttpRequest.uploadOf(request);
  } catch (error) {
    // What it announces of its length is nothing that can be kept.
    if (error instanceof WitError) throw httpError('HTTP-protocol-error');
    throw error;
  }
}
