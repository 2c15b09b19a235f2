import { OutputMeter } from '../caller/output-meter.ts';
import type { HeaderFields } from './fields.ts';
import { invalid } from './invalid.ts';
import { contentLength, OutgoingMessage } from './outgoing-message.ts';
import { type BodySink, Upload } from './upload.ts';

/** A response as `response-outparam.set` takes it. */
export interface ResponseParts {
  readonly status: number;
  readonly headers: HeaderFields;
  /** Undefined when the guest never asked for the body. */
  readonly upload: Upload | undefined;
}

/** `wasi:http/types.outgoing-response` */
export class HttpResponse extends OutgoingMessage {
  #status = 200;
  #upload: Upload | undefined;

  /** Looks into a response that the guest has handed over. The headers are good until it is dropped. */
  static partsOf(response: HttpResponse): ResponseParts {
    return { status: response.#status, headers: response.ownHeaders, upload: response.#upload };
  }

  /** Drops a response and keeps its body, which goes on being written. */
  static dropSent(response: HttpResponse): void {
    response.#upload = undefined;
    response[Symbol.dispose]();
  }

  /** Begins the body, once. @throws as `body`. */
  static uploadOf(response: HttpResponse): Upload {
    response.makeSink();
    return response.#upload!;
  }

  protected override makeSink(): BodySink {
    const meter = new OutputMeter(this.host.policy.maxOutputBytes);
    this.#upload = new Upload(this.host, {
      announced: contentLength(this.ownHeaders),
      size: 'HTTP-response-body-size',
      flush: 'at once',
      count: (bytes) => meter.count(bytes),
    });
    return this.#upload;
  }

  protected override dropped(): void {
    super.dropped();
    this.#upload?.abandon();
  }

  statusCode(): number {
    this.host.hostCall();
    return this.#status;
  }

  setStatusCode(status: number): void {
    this.host.hostCall();
    if (status < 100 || status > 599) throw invalid();
    this.#status = status;
  }
}
