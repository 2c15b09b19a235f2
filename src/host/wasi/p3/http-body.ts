import type { SharedFuture } from '../../../canonical-abi/runtime/async/future.ts';
import type { FutureWriter } from '../../../canonical-abi/runtime/async/future-writer.ts';
import { readFuture } from '../../../canonical-abi/runtime/async/read-future.ts';
import { SharedStream } from '../../../canonical-abi/runtime/async/stream.ts';
import { WitError } from '../../wit-error.ts';
import type { HttpErrorCode } from '../http/error-code.ts';
import type { HeaderFields } from '../http/fields.ts';
import { HttpIoError } from '../http/http-error.ts';
import type { BodySink } from '../http/upload.ts';
import type { Field } from '../network/protocol.ts';
import type { Source } from '../streams.ts';
import type { ByteStreams, Outcome, ToCode } from './byte-streams.ts';

/** `result<option<trailers>, error-code>` */
export type Trailers =
  | { readonly tag: 'ok'; readonly val: HeaderFields | undefined }
  | { readonly tag: 'err'; readonly val: HttpErrorCode };

/** The body of a message: what a guest gave for it, or what comes from outside. */
export type Body =
  | {
      readonly kind: 'guest';
      readonly contents: SharedStream | undefined;
      readonly trailers: SharedFuture;
      /** Tells the guest what became of it. */
      readonly sent: FutureWriter<Outcome<HttpErrorCode>>;
    }
  | { readonly kind: 'outside'; open(): Source; trailers(): HeaderFields | undefined };

export const toHttpCode: ToCode<HttpErrorCode> = (error) => {
  if (error === 'closed') return { tag: 'connection-terminated' };
  return error instanceof HttpIoError ? error.code : { tag: 'internal-error', val: undefined };
};

/** What a guest hears of a message that it has let go of. */
const UNSENT: Outcome<HttpErrorCode> = { tag: 'err', val: { tag: 'connection-terminated' } };

/** Lets go of a body that nobody wants. @param outcome What became of its message. */
export function dropBody(body: Body, outcome: Outcome<HttpErrorCode> = UNSENT): void {
  if (body.kind === 'outside') return;
  body.contents?.drop();
  body.trailers.drop();
  body.sent.write(outcome);
}

/** Whether there is anything to send: a guest says so before it sends. */
export function hasContents(body: Body): boolean {
  return body.kind === 'outside' || body.contents !== undefined;
}

/** Sends what a body has, with its trailers at the end. @param done Hears when there is no more to do. */
export function sendBody(streams: ByteStreams, body: Body, sink: BodySink, done: () => void = () => {}): void {
  const ended = (outcome: Outcome<HttpErrorCode>): void => {
    if (body.kind === 'guest') body.sent.write(outcome);
    done();
  };
  const finish = (trailers: Trailers): void => {
    if (trailers.tag === 'err') {
      sink.abandon();
      ended(trailers);
      return;
    }
    const fields: readonly Field[] = trailers.val?.list() ?? [];
    try {
      sink.finish(fields);
      ended({ tag: 'ok' });
    } catch (error) {
      if (!(error instanceof WitError)) throw error;
      ended({ tag: 'err', val: error.payload as HttpErrorCode });
    } finally {
      trailers.val?.[Symbol.dispose]();
    }
  };
  let source: Outcome<HttpErrorCode> = { tag: 'ok' };
  const contents = contentsOf(streams, body, (outcome) => {
    source = outcome;
  });
  streams.drain(contents, sink, toHttpCode, (drained) => {
    // A stream that ends says nothing of why: half of a body must not be taken for all of it.
    const outcome = drained.tag === 'ok' ? source : drained;
    if (outcome.tag === 'err') {
      sink.abandon();
      ended(outcome);
    } else if (body.kind === 'guest') readFuture<Trailers>(body.trailers, finish);
    else finish({ tag: 'ok', val: body.trailers() });
  });
}

/**
 * A stream with the body; both of its ends are the host's where it comes from outside.
 *
 * @param onEnd Hears before the stream ends how what comes from outside did.
 */
function contentsOf(streams: ByteStreams, body: Body, onEnd: (outcome: Outcome<HttpErrorCode>) => void): SharedStream {
  if (body.kind === 'guest') return body.contents!;
  const stream = new SharedStream(0, true);
  stream.boundary = 'host';
  const [writer] = streams.from(() => body.open(), toHttpCode, onEnd);
  writer.connect(stream);
  return stream;
}
