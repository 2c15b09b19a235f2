import { FutureWriter } from '../../../canonical-abi/runtime/async/future-writer.ts';
import type { SharedStream } from '../../../canonical-abi/runtime/async/stream.ts';
import { StreamReader } from '../../../canonical-abi/runtime/async/stream-reader.ts';
import { StreamWriter } from '../../../canonical-abi/runtime/async/stream-writer.ts';
import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import type { IoError } from '../io-error.ts';
import { ALWAYS_READY } from '../poll.ts';
import { MAX_TRANSFER, type Sink, type Source, type StreamError } from '../streams.ts';
import type { Occurrences } from './occurrences.ts';

/** `result<_, E>`, as the value of a future. */
export type Outcome<Code> =
  | { readonly tag: 'ok'; readonly val?: undefined }
  | { readonly tag: 'err'; readonly val: Code };

/** What the errors of a source or a sink are in the words of an interface; `closed` for a sink that takes no more. */
export type ToCode<Code> = (error: IoError | 'closed') => Code;

/** Bytes that are asked of a source at a time. */
const CHUNK_BYTES = 64 * 1024;

/** The streams of bytes of one instance: what WASI 0.2 has as resources with functions, as streams of the component model. */
export class ByteStreams {
  readonly #host: WasiHost;
  readonly #occurrences: Occurrences;

  constructor(host: WasiHost, occurrences: Occurrences) {
    this.#host = host;
    this.#occurrences = occurrences;
  }

  /** What a source gives, for the guest to read; and how it ended. */
  from<Code>(source: Source, toCode: ToCode<Code>): [StreamWriter, FutureWriter<Outcome<Code>>] {
    const ended = new FutureWriter<Outcome<Code>>();
    const end = this.#open(() => source.close?.(), ended);
    const writer = new StreamWriter({
      next: () => {
        this.#host.hostCall();
        try {
          const bytes = source.read(CHUNK_BYTES);
          if (bytes.length > 0) return bytes as Uint8Array<ArrayBuffer>;
        } catch (error) {
          const reason = streamError(error);
          end(reason.tag === 'closed' ? { tag: 'ok' } : { tag: 'err', val: codeOf(reason, toCode) });
          return 'ended';
        }
        this.#occurrences.once(source.readable ?? ALWAYS_READY, () => writer.write());
        return undefined;
      },
      wanted: () => this.#occurrences.soon(() => writer.write()),
      dropped: () => end({ tag: 'ok' }),
    });
    return [writer, ended];
  }

  /** Has a sink take what the guest writes, as fast as it can; and tells how that ended. */
  into<Code>(stream: SharedStream, sink: Sink, toCode: ToCode<Code>): FutureWriter<Outcome<Code>> {
    const ended = new FutureWriter<Outcome<Code>>();
    const end = this.#open(() => sink.close?.(), ended);
    /** Why the sink has no room and will have none: said when the guest writes, which is no moment to drop its stream. */
    let refusal: unknown;
    const reader = new StreamReader(stream, {
      room() {
        try {
          return sink.room?.() ?? MAX_TRANSFER;
        } catch (error) {
          refusal = error;
          return MAX_TRANSFER;
        }
      },
      take: (bytes, count) => {
        this.#host.hostCall();
        try {
          if (refusal !== undefined) throw refusal;
          sink.write((bytes as Uint8Array).subarray(0, count));
        } catch (error) {
          const reason = streamError(error);
          reader.drop();
          end({ tag: 'err', val: codeOf(reason, toCode) });
        }
      },
      full: () => this.#occurrences.once(sink.writable ?? ALWAYS_READY, () => reader.read()),
      ended: () => end({ tag: 'ok' }),
    });
    reader.read();
    return ended;
  }

  /** Keeps the books of one stream. @returns what closes it, the first time. */
  #open<Code>(close: () => void, ended: FutureWriter<Outcome<Code>>): (outcome: Outcome<Code>) => void {
    this.#host.acquire();
    let state: 'open' | 'over' = 'open';
    return (outcome) => {
      if (state === 'over') return;
      state = 'over';
      this.#host.release();
      close();
      ended.write(outcome);
    };
  }
}

/** What a source or a sink threw as its interface has it. @throws anything else. */
function streamError(error: unknown): StreamError {
  if (error instanceof WitError) return error.payload as StreamError;
  throw error;
}

function codeOf<Code>(reason: StreamError, toCode: ToCode<Code>): Code {
  if (reason.tag === 'closed') return toCode('closed');
  const code = toCode(reason.val);
  reason.val[Symbol.dispose]();
  return code;
}
