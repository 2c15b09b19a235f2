import type { CallerLine } from '../../../conversation/line.ts';
import type { RequestOrder } from '../../../conversation/messages.ts';
import { trap } from '../../wit-error.ts';
import { Caller } from '../caller/caller.ts';
import { inputOf } from '../caller/standard-streams.ts';
import type { WasiHost } from '../host.ts';
import type { HttpErrorCode } from '../http/error-code.ts';
import { withoutTransport } from '../http/fields.ts';
import { HttpRequest } from '../http/outgoing-request.ts';
import { HttpResponse } from '../http/outgoing-response.ts';
import { assertHeadSize, methodOf } from '../http/served-request.ts';
import type { NetworkLimits } from '../network/limits.ts';
import type { ByteStreams } from './byte-streams.ts';
import type { Message, RequestHead } from './held-message.ts';
import { dropBody, hasContents, sendBody } from './http-body.ts';
import type { HttpTypes } from './http-types.ts';

/** What `handle` of `wasi:http/handler` returns. */
export type Answer =
  | { readonly tag: 'ok'; readonly val: Message<HttpResponse> }
  | { readonly tag: 'err'; readonly val: HttpErrorCode };

/** A request that an instance of WASI 0.3 answers by what it returns, of which the body may come later. */
export class ServedMessage {
  readonly #host: WasiHost;
  readonly #caller: Caller;
  readonly #limits: NetworkLimits;
  readonly #streams: ByteStreams;
  readonly #types: HttpTypes;
  #state: 'asked' | 'answering' | 'over' = 'asked';

  constructor(host: WasiHost, line: CallerLine, limits: NetworkLimits, streams: ByteStreams, types: HttpTypes) {
    this.#host = host;
    this.#caller = new Caller(line);
    this.#limits = limits;
    this.#streams = streams;
    this.#types = types;
  }

  /** Whether all of the answer is on its way. */
  get isOver(): boolean {
    return this.#state !== 'answering';
  }

  open(order: RequestOrder): Message<RequestHead> {
    const { Fields, Request } = this.#types;
    const headers = new Fields().adopt(withoutTransport(order.headers), 'immutable');
    const request = new HttpRequest(this.#host, headers, this.#limits.maxRequestBodyBytes);
    request.setMethod(methodOf(order));
    request.setPathWithQuery(order.pathWithQuery);
    request.setScheme({ tag: order.scheme === 'https' ? 'HTTPS' : 'HTTP' });
    request.setAuthority(order.authority);
    const body = { kind: 'outside', open: () => inputOf(this.#caller), trailers: () => undefined } as const;
    return new Request({ request, options: undefined }, body);
  }

  /** @throws {PluginError} `ERR_TRAP` for what is none: the function of another world may have the same name. */
  answer(answer: Answer): void {
    if (!isAnswer(answer, this.#types)) {
      throw trap(
        'The plugin answered with what is no response of WASI 0.3',
        'Build it against `wasi:http/service@0.3.0`.',
      );
    }
    if (answer.tag === 'err') {
      this.#caller.say({ kind: 'declined', code: answer.val.tag });
      return;
    }
    const { head, body } = answer.val.take();
    const upload = hasContents(body) ? HttpResponse.uploadOf(head) : undefined;
    const { status, headers } = HttpResponse.partsOf(head);
    const lines = headers.list();
    assertHeadSize(lines, this.#limits);
    this.#caller.say({ kind: 'head', status, headers: lines });
    const channel = this.#caller.output('output');
    HttpResponse.dropSent(head);
    if (upload === undefined) {
      channel.finish();
      dropBody(body, { tag: 'ok' });
      return;
    }
    this.#state = 'answering';
    upload.attach(channel);
    sendBody(this.#streams, body, upload, () => {
      this.#state = 'over';
    });
  }

  /** The call is over: what a warm instance has kept of it is of no more use. */
  end(): void {
    this.#caller.end();
  }
}

function isAnswer(answer: unknown, { Response }: HttpTypes): boolean {
  const { tag, val } = (answer ?? {}) as { readonly tag?: unknown; readonly val?: unknown };
  if (tag === 'ok') return val instanceof Response;
  return tag === 'err' && typeof (val as Partial<HttpErrorCode> | undefined)?.tag === 'string';
}
