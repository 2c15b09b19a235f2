import type { HttpChannel } from '../http/upload.ts';
import type { Event } from '../poll.ts';
import type { LineWriter } from '../stdio.ts';
import { closed, type Sink, type Source } from '../streams.ts';
import type { Caller } from './caller.ts';
import type { OutputMeter } from './output-meter.ts';

/** Standard input that a caller gives. Nothing is asked of the caller before the guest looks at it. */
export function inputOf(caller: Caller): Source {
  const isReadable = ({ readable }: HttpChannel): boolean => readable;
  let event: Event | undefined;
  const readable = (): Event => {
    event ??= caller.input.event(isReadable);
    return event;
  };
  return {
    readable: { word: () => readable().word?.(), remaining: () => readable().remaining() },
    read(length) {
      const { input } = caller;
      const bytes = input.read(length);
      if (bytes !== undefined) return bytes;
      if (input.ended !== undefined || input.failure !== undefined) throw closed();
      return new Uint8Array();
    },
  };
}

/** Standard output or standard error that a caller takes. */
export class CallerSink implements Sink {
  readonly #channel: HttpChannel;
  readonly #meter: OutputMeter;
  readonly #copy: LineWriter | undefined;
  readonly writable: Event;
  /** When the caller has taken all of it. */
  readonly taken: Event;

  /** @param copy Gets the same, to remember its last lines. */
  constructor(channel: HttpChannel, meter: OutputMeter, copy?: LineWriter) {
    this.#channel = channel;
    this.#meter = meter;
    this.#copy = copy;
    this.writable = channel.event(({ room, failure }) => room > 0 || failure !== undefined);
    this.taken = channel.event(({ sending }) => sending === 0);
  }

  room(): number {
    if (this.#channel.failure !== undefined) throw closed();
    return this.#channel.room;
  }

  write(bytes: Uint8Array): void {
    this.#meter.count(bytes.length);
    this.#copy?.write(bytes);
    this.#channel.write(bytes);
  }
}
