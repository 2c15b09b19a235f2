import type { WasiHost } from '../host.ts';
import { Resource } from '../resource.ts';
import type { HeaderFields } from './fields.ts';
import { invalid } from './invalid.ts';
import { OutgoingBody } from './outgoing-body.ts';
import type { BodySink } from './upload.ts';

/** What requests and responses have in common: headers, owned, and one body. */
export abstract class OutgoingMessage extends Resource {
  protected readonly ownHeaders: HeaderFields;
  #body: 'not taken' | 'taken' = 'not taken';

  constructor(host: WasiHost, headers: HeaderFields) {
    host.hostCall();
    super(host);
    this.ownHeaders = headers;
  }

  headers(): HeaderFields {
    this.host.hostCall();
    return this.ownHeaders.frozen();
  }

  body(): OutgoingBody {
    this.host.hostCall();
    if (this.#body === 'taken') throw invalid();
    const body = new OutgoingBody(this.host, this.makeSink());
    this.#body = 'taken';
    return body;
  }

  /** Where the body goes; called once. */
  protected abstract makeSink(): BodySink;

  protected override dropped(): void {
    this.ownHeaders[Symbol.dispose]();
  }
}

/** What `Content-Length` announces. @throws the error of `body` when it announces nothing that can be kept. */
export function contentLength(headers: HeaderFields): number | undefined {
  const values = headers.valuesOf('content-length');
  if (values.length === 0) return undefined;
  const [text] = values;
  if (values.length > 1 || !/^\d{1,15}$/.test(text!)) throw invalid();
  return Number(text);
}
