import type { WasiHost } from '../host.ts';
import { Resource } from '../resource.ts';
import { OutputStream } from '../streams.ts';
import type { HeaderFields } from './fields.ts';
import { invalid } from './invalid.ts';
import type { BodySink } from './upload.ts';

/** `wasi:http/types.outgoing-body` */
export class OutgoingBody extends Resource {
  readonly #sink: BodySink;
  #stream: 'not taken' | 'taken' = 'not taken';

  constructor(host: WasiHost, sink: BodySink) {
    super(host);
    this.#sink = sink;
  }

  write(): OutputStream {
    this.host.hostCall();
    if (this.#stream === 'taken') throw invalid();
    this.#stream = 'taken';
    return new OutputStream(this.host, this.#sink);
  }

  static finish(body: OutgoingBody, trailers: HeaderFields | undefined): void {
    body.host.hostCall();
    try {
      body.#sink.finish(trailers?.list() ?? []);
    } finally {
      trailers?.[Symbol.dispose]();
      body[Symbol.dispose]();
    }
  }

  /** A body that is dropped unfinished is no body: the other side must not take it for whole. */
  protected override dropped(): void {
    this.#sink.abandon();
  }
}
