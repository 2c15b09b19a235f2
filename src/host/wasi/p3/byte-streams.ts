import type { Chunk } from '../../../canonical-abi/runtime/async/elements.ts';
import { FutureWriter } from '../../../canonical-abi/runtime/async/future-writer.ts';
import type { SharedStream } from '../../../canonical-abi/runtime/async/stream.ts';
import { StreamReader } from '../../../canonical-abi/runtime/async/stream-reader.ts';
import { StreamWriter } from '../../../canonical-abi/runtime/async/stream-writer.ts';
import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import type { IoError } from '../io-error.ts';
import { ALWAYS_READY, type Event } from '../poll.ts';
import { MAX_TRANSFER, type Sink, type Source, type StreamError } from '../streams.ts';
import type { Occurrences } from './occurrences.ts';

/** `result<_, E>`, as the value of a future. */
export type Outcome<Code> =
  | { readonly tag: 'ok'; readonly val?: undefined }
  | { readonly tag: 'err'; readonly val: Code };

/** What the errors of a source or a sink are in the words of an interface; `closed` for a sink that takes no more. */
export type ToCode<Code> = (error: IoError | 'closed') => Code;

/** Hears how a stream ended. */
type OnEnd<Code> = (outcome: Outcome<Code>) => void;

/** What a function of WASI 0.3 returns that gives a stream: how it ended is told beside it. */
export type Given<Code> = [StreamWriter, FutureWriter<Outcome<Code>>];

/** Where elements come from that are no bytes. Both throw a `WitError<Code>`. */
export interface Elements {
  /** The next ones; none at the end. */
  next(): Chunk;
  close(): void;
}

/** Bytes that are asked of a source at a time. */
const CHUNK_BYTES = 64 * 1024;

const OK = { tag: 'ok' } as const;

/** The streams of one instance: what WASI 0.2 has as resources with functions, as streams of the component model. */
export class ByteStreams {
  readonly #host: WasiHost;
  readonly #occurrences: Occurrences;

  constructor(host: WasiHost, occurrences: Occurrences) {
    this.#host = host;
    this.#occurrences = occurrences;
  }

  /**
   * What a source gives, for the guest to read.
   *
   * @param open Opens the source; may throw a `WitError<Code>`, which is then how the stream ended.
   * @param onEnd Hears how it ended, too.
   */
  from<Code>(open: () => Source, toCode: ToCode<Code>, onEnd: OnEnd<Code> = () => {}): Given<Code> {
    const source = opened<Source, Code>(this.#host, open);
    if ('refusal' in source) {
      onEnd({ tag: 'err', val: source.refusal });
      return refused(source.refusal);
    }
    return this.#give(
      onEnd,
      () => {
        try {
          const bytes = source.read(CHUNK_BYTES);
          return bytes.length === 0 ? undefined : (bytes as Uint8Array<ArrayBuffer>);
        } catch (error) {
          const reason = payloadOf<StreamError>(error);
          return reason.tag === 'closed' ? OK : { tag: 'err', val: codeOf(reason, toCode) };
        }
      },
      source.readable,
      () => source.close?.(),
    );
  }

  /** The same for elements that are no bytes. */
  list<Code>(open: () => Elements): Given<Code> {
    const elements = opened<Elements, Code>(this.#host, open);
    if ('refusal' in elements) return refused(elements.refusal);
    return this.#give(
      () => {},
      () => {
        try {
          const chunk = elements.next();
          return chunk.length === 0 ? OK : chunk;
        } catch (error) {
          return { tag: 'err', val: payloadOf<Code>(error) };
        }
      },
      undefined,
      () => elements.close(),
    );
  }

  /** Has a sink take what the guest writes, as fast as it can; and tells how that ended. */
  into<Code>(stream: SharedStream, open: () => Sink, toCode: ToCode<Code>): FutureWriter<Outcome<Code>> {
    const sink = opened<Sink, Code>(this.#host, open);
    const ended = new FutureWriter<Outcome<Code>>();
    if ('refusal' in sink) {
      stream.drop();
      ended.write({ tag: 'err', val: sink.refusal });
    } else this.drain(stream, sink, toCode, (outcome) => ended.write(outcome));
    return ended;
  }

  /** The same for a sink that is open. @param onEnd Hears how it ended. */
  drain<Code>(stream: SharedStream, sink: Sink, toCode: ToCode<Code>, onEnd: OnEnd<Code>): void {
    const occurrences = this.#occurrences;
    /** Has a stream that is over not be waited for. */
    let forget = (): void => {};
    const end = this.#open(() => {
      forget();
      sink.close?.();
    }, onEnd);
    /** Why the sink has no room and will have none: said when the guest writes, which is no moment to drop its stream. */
    let failure: unknown;
    const reader = new StreamReader(stream, {
      room() {
        try {
          return sink.room?.() ?? MAX_TRANSFER;
        } catch (error) {
          failure = error;
          return MAX_TRANSFER;
        }
      },
      take: (bytes, count) => {
        this.#host.hostCall();
        try {
          if (failure !== undefined) throw failure;
          sink.write((bytes as Uint8Array).subarray(0, count));
        } catch (error) {
          const reason = payloadOf<StreamError>(error);
          reader.drop();
          end({ tag: 'err', val: codeOf(reason, toCode) });
        }
      },
      full() {
        forget = occurrences.once(sink.writable ?? ALWAYS_READY, () => reader.read());
      },
      ended: () => end(OK),
    });
    reader.read();
  }

  /** @param next The next elements; undefined when there are none now; how it ended, when there are no more. */
  #give<Code>(
    onEnd: OnEnd<Code>,
    next: () => Chunk | Outcome<Code> | undefined,
    readable: Event | undefined,
    close: () => void,
  ): Given<Code> {
    const ended = new FutureWriter<Outcome<Code>>();
    let forget = (): void => {};
    const end = this.#open(
      () => {
        forget();
        close();
      },
      (outcome: Outcome<Code>) => {
        ended.write(outcome);
        onEnd(outcome);
      },
    );
    const writer = new StreamWriter({
      next: () => {
        this.#host.hostCall();
        const found = next();
        if (found === undefined) {
          forget = this.#occurrences.once(readable ?? ALWAYS_READY, () => writer.write());
          return undefined;
        }
        if (!('tag' in found)) return found;
        end(found);
        return 'ended';
      },
      wanted: () => this.#occurrences.soon(() => writer.write()),
      dropped: () => end(OK),
    });
    return [writer, ended];
  }

  /** Keeps the books of one stream. @returns what closes it, the first time. */
  #open<Code>(close: () => void, onEnd: OnEnd<Code>): OnEnd<Code> {
    this.#host.acquire();
    let state: 'open' | 'over' = 'open';
    return (outcome) => {
      if (state === 'over') return;
      state = 'over';
      this.#host.release();
      close();
      onEnd(outcome);
    };
  }
}

/** What was opened, or the error of the interface for which it was not. */
function opened<Opened, Code>(host: WasiHost, open: () => Opened): Opened | { readonly refusal: Code } {
  host.hostCall();
  try {
    return open();
  } catch (error) {
    return { refusal: payloadOf<Code>(error) };
  }
}

/** A stream that ends before it has begun. */
function refused<Code>(refusal: Code): Given<Code> {
  const ended = new FutureWriter<Outcome<Code>>();
  ended.write({ tag: 'err', val: refusal });
  return [StreamWriter.ended(), ended];
}

/** The payload of a `WitError`. @throws anything else. */
function payloadOf<Code>(error: unknown): Code {
  if (error instanceof WitError) return error.payload as Code;
  throw error;
}

function codeOf<Code>(reason: StreamError, toCode: ToCode<Code>): Code {
  if (reason.tag === 'closed') return toCode('closed');
  const code = toCode(reason.val);
  reason.val[Symbol.dispose]();
  return code;
}
