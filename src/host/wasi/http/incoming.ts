import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import type { Field, HttpResponseHead } from '../network/protocol.ts';
import { Pollable } from '../poll.ts';
import { Resource } from '../resource.ts';
import { closed, InputStream, type Source } from '../streams.ts';
import type { HttpErrorCode } from './error-code.ts';
import { type HeaderFields, withoutTransport } from './fields.ts';
import { bodyFailed } from './http-error.ts';
import type { HttpChannel } from './upload.ts';

/** `option<result<result<T, error-code>>>`: what a future answers. */
type FutureResult<Value> =
  | undefined
  | { readonly tag: 'err'; readonly val: undefined }
  | {
      readonly tag: 'ok';
      readonly val: { readonly tag: 'ok'; readonly val: Value } | { readonly tag: 'err'; readonly val: HttpErrorCode };
    };

const TAKEN = { tag: 'err', val: undefined } as const;

function success<Value>(val: Value): FutureResult<Value> {
  return { tag: 'ok', val: { tag: 'ok', val } };
}

function failure(val: HttpErrorCode): FutureResult<never> {
  return { tag: 'ok', val: { tag: 'err', val } };
}

/** Makes immutable headers of the class that the instance knows. */
type MakeFields = (fields: readonly Field[]) => HeaderFields;

/** Holds the channel of an exchange, and closes it unless it was passed on to whoever comes next. */
abstract class Exchange extends Resource {
  #channel: HttpChannel | undefined;
  protected readonly makeFields: MakeFields;

  constructor(host: WasiHost, channel: HttpChannel, makeFields: MakeFields) {
    super(host);
    this.#channel = channel;
    this.makeFields = makeFields;
  }

  protected get channel(): HttpChannel | undefined {
    return this.#channel;
  }

  /** The channel, which from now on is the caller's. */
  protected passOn(): HttpChannel | undefined {
    const channel = this.#channel;
    this.#channel = undefined;
    return channel;
  }

  protected override dropped(): void {
    this.#channel?.close();
  }
}

/** `wasi:http/types.future-incoming-response` */
export class FutureIncomingResponse extends Exchange {
  readonly #pollable = this.channel!.event(({ settled }) => settled);

  subscribe(): Pollable {
    this.host.hostCall();
    return new Pollable(this.host, this.#pollable);
  }

  get(): FutureResult<IncomingResponse> {
    this.host.hostCall();
    if (this.channel === undefined) return TAKEN;
    if (this.#pollable.remaining() === undefined) return undefined;
    const channel = this.passOn()!;
    if (channel.opened !== undefined) {
      return success(new IncomingResponse(this.host, channel, this.makeFields, channel.opened));
    }
    channel.close();
    return failure(channel.failure!);
  }
}

/** `wasi:http/types.incoming-response` */
export class IncomingResponse extends Exchange {
  readonly #status: number;
  readonly #headers: HeaderFields;

  constructor(host: WasiHost, channel: HttpChannel, makeFields: MakeFields, head: HttpResponseHead) {
    super(host, channel, makeFields);
    this.#status = head.status;
    this.#headers = makeFields(withoutTransport(head.headers));
  }

  status(): number {
    this.host.hostCall();
    return this.#status;
  }

  headers(): HeaderFields {
    this.host.hostCall();
    return this.#headers.frozen();
  }

  consume(): IncomingBody {
    this.host.hostCall();
    const channel = this.passOn();
    if (channel === undefined) throw new WitError(undefined);
    return new IncomingBody(this.host, channel, this.makeFields);
  }

  protected override dropped(): void {
    super.dropped();
    this.#headers[Symbol.dispose]();
  }
}

/** `wasi:http/types.incoming-body` */
export class IncomingBody extends Exchange {
  #stream: 'not taken' | 'taken' = 'not taken';

  stream(): InputStream {
    this.host.hostCall();
    const { channel } = this;
    if (this.#stream === 'taken' || channel === undefined) throw new WitError(undefined);
    this.#stream = 'taken';
    return new InputStream(this.host, bodySource(this.host, channel));
  }

  static finish(body: IncomingBody): FutureTrailers {
    body.host.hostCall();
    const trailers = new FutureTrailers(body.host, body.passOn()!, body.makeFields);
    body[Symbol.dispose]();
    return trailers;
  }
}

/** What comes in on a channel of HTTP. */
export function bodySource(host: WasiHost, channel: HttpChannel): Source {
  return {
    readable: channel.event(({ readable }) => readable),
    read(length) {
      const bytes = channel.read(length);
      if (bytes !== undefined) return bytes;
      if (channel.failure !== undefined) throw bodyFailed(host, channel.failure);
      if (channel.ended !== undefined || channel.word === undefined) throw closed();
      return new Uint8Array();
    },
  };
}

/** `wasi:http/types.future-trailers`. What the guest has left of the body is thrown away: the trailers come after it. */
export class FutureTrailers extends Exchange {
  readonly #pollable = this.channel!.event((channel) => {
    channel.discard();
    return channel.ended !== undefined || channel.failure !== undefined;
  });

  subscribe(): Pollable {
    this.host.hostCall();
    return new Pollable(this.host, this.#pollable);
  }

  get(): FutureResult<HeaderFields | undefined> {
    this.host.hostCall();
    if (this.channel === undefined) return TAKEN;
    if (this.#pollable.remaining() === undefined) return undefined;
    const channel = this.passOn()!;
    channel.close();
    const { ended, failure: error } = channel;
    if (ended === undefined) return failure(error!);
    const trailers = withoutTransport(ended);
    return success(trailers.length === 0 ? undefined : this.makeFields(trailers));
  }
}
