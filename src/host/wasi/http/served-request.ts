import type { CallerLine } from '../../../conversation/line.ts';
import type { RequestOrder } from '../../../conversation/messages.ts';
import { PluginError } from '../../../errors.ts';
import { WitError } from '../../wit-error.ts';
import { Caller } from '../caller/caller.ts';
import type { WasiHost } from '../host.ts';
import type { NetworkLimits } from '../network/limits.ts';
import type { Field } from '../network/protocol.ts';
import { Resource } from '../resource.ts';
import type { HttpErrorCode } from './error-code.ts';
import { type FieldsClass, type HeaderFields, withoutTransport } from './fields.ts';
import { IncomingBody } from './incoming.ts';
import type { Method, Scheme } from './outgoing-request.ts';
import { HttpResponse } from './outgoing-response.ts';

/** What a header line has beside its name and value. */
const LINE_OVERHEAD = 4;
const METHODS: ReadonlySet<string> = new Set([
  'get',
  'head',
  'post',
  'put',
  'delete',
  'connect',
  'options',
  'trace',
  'patch',
]);

/** A request that an instance answers, and the two resources that it is given for that. */
export class ServedRequest {
  readonly #host: WasiHost;
  readonly #caller: Caller;
  readonly #limits: NetworkLimits;

  constructor(host: WasiHost, line: CallerLine, limits: NetworkLimits) {
    this.#host = host;
    this.#caller = new Caller(line);
    this.#limits = limits;
  }

  open(order: RequestOrder, { Fields }: FieldsClass): readonly [IncomingRequest, ResponseOutparam] {
    const headers = new Fields().adopt(withoutTransport(order.headers), 'immutable');
    return [
      new IncomingRequest(this.#host, this.#caller, order, headers),
      new ResponseOutparam(this.#host, this.#caller, this.#limits),
    ];
  }

  /** The call is over: what a warm instance has kept of it is of no more use. */
  end(): void {
    this.#caller.end();
  }
}

/** `wasi:http/types.incoming-request` */
export class IncomingRequest extends Resource {
  readonly #caller: Caller;
  readonly #order: RequestOrder;
  readonly #headers: HeaderFields;
  #body: 'not taken' | 'taken' = 'not taken';

  constructor(host: WasiHost, caller: Caller, order: RequestOrder, headers: HeaderFields) {
    super(host);
    this.#caller = caller;
    this.#order = order;
    this.#headers = headers;
  }

  method(): Method {
    this.host.hostCall();
    return methodOf(this.#order);
  }

  pathWithQuery(): string {
    this.host.hostCall();
    return this.#order.pathWithQuery;
  }

  scheme(): Scheme {
    this.host.hostCall();
    return { tag: this.#order.scheme === 'https' ? 'HTTPS' : 'HTTP' };
  }

  authority(): string {
    this.host.hostCall();
    return this.#order.authority;
  }

  headers(): HeaderFields {
    this.host.hostCall();
    return this.#headers.frozen();
  }

  consume(): IncomingBody {
    this.host.hostCall();
    if (this.#body === 'taken') throw new WitError(undefined);
    this.#body = 'taken';
    return new IncomingBody(this.host, this.#caller.input, (fields) => this.#headers.frozenWith(fields));
  }

  protected override dropped(): void {
    this.#headers[Symbol.dispose]();
  }
}

type Answer = { readonly tag: 'ok'; readonly val: HttpResponse } | { readonly tag: 'err'; readonly val: HttpErrorCode };

/** `wasi:http/types.response-outparam`. The guest gives it away when it answers: there is no second answer. */
export class ResponseOutparam extends Resource {
  readonly #caller: Caller;
  readonly #limits: NetworkLimits;

  constructor(host: WasiHost, caller: Caller, limits: NetworkLimits) {
    super(host);
    this.#caller = caller;
    this.#limits = limits;
  }

  static set(param: ResponseOutparam, answer: Answer): void {
    param.host.hostCall();
    try {
      if (answer.tag === 'err') param.#caller.say({ kind: 'declined', code: answer.val.tag });
      else param.#send(answer.val);
    } finally {
      param[Symbol.dispose]();
    }
  }

  /** An interim response, which `fetch` has no place for. */
  sendInformational(_status: number, headers: HeaderFields): never {
    this.host.hostCall();
    headers[Symbol.dispose]();
    throw new WitError<HttpErrorCode>({ tag: 'internal-error', val: 'the host passes on no interim responses' });
  }

  #send(response: HttpResponse): void {
    try {
      const { status, headers, upload } = HttpResponse.partsOf(response);
      const lines = headers.list();
      assertHeadSize(lines, this.#limits);
      this.#caller.say({ kind: 'head', status, headers: lines });
      const channel = this.#caller.output('output');
      // Without a body there is nothing to wait for.
      if (upload === undefined) channel.finish();
      else upload.attach(channel);
      HttpResponse.dropSent(response);
    } finally {
      response[Symbol.dispose]();
    }
  }
}

/** The method of a request as the interface has it: methods are told apart by case, `Get` is another one. */
export function methodOf({ method }: RequestOrder): Method {
  const tag = method.toLowerCase();
  const isKnown = METHODS.has(tag) && method === method.toUpperCase();
  return isKnown ? ({ tag } as Method) : { tag: 'other', val: method };
}

/** @throws {PluginError} `ERR_OUTPUT_LIMIT` for headers that are longer than there may be. */
export function assertHeadSize(lines: readonly Field[], { maxHeaderBytes }: NetworkLimits): void {
  const size = lines.reduce((sum, [name, value]) => sum + name.length + value.length + LINE_OVERHEAD, 0);
  if (size <= maxHeaderBytes) return;
  throw new PluginError(
    'ERR_OUTPUT_LIMIT',
    `The plugin answered with headers of ${size} bytes; there may be ${maxHeaderBytes}`,
    { hint: 'Answer with fewer or shorter headers.', limit: { name: 'maxHeaderBytes', value: maxHeaderBytes } },
  );
}
