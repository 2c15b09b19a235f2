import type { CallerLine } from '../../../conversation/line.ts';
import type { CallerWords, GuestWords, OutputStreamName } from '../../../conversation/messages.ts';
import type { HttpErrorCode } from '../http/error-code.ts';
import type { HttpChannel } from '../http/upload.ts';
import { Channel } from '../network/channel.ts';
import type { Line, Listener } from '../network/io-thread.ts';

/** What is left of a call's streams when the call is over: an instance may keep them, and they are of no more use. */
const OVER: HttpErrorCode = { tag: 'connection-terminated' };

/** Whoever has made the call that an instance is in, where that is one that passes streams. */
export class Caller {
  readonly #line: CallerLine;
  readonly #channels: HttpChannel[] = [];
  readonly #outputs = new Map<OutputStreamName, Listener>();
  #state: 'there' | 'gone' = 'there';
  #input: { readonly channel: HttpChannel; readonly listener: Listener } | undefined;

  constructor(line: CallerLine) {
    this.#line = line;
  }

  /** What the caller gives it to read. The caller begins to when somebody asks for it. */
  get input(): HttpChannel {
    if (this.#input === undefined) {
      const { channel, listener } = this.#open((message) => {
        if (message.kind === 'taken') this.#line.say(message);
      });
      this.#input = { channel, listener };
      this.#line.say({ kind: 'began' });
    }
    return this.#input.channel;
  }

  /** Opens a stream of its own, once. */
  output(stream: OutputStreamName): HttpChannel {
    const { channel, listener } = this.#open((message) => {
      if (message.kind === 'data')
        this.#line.say({ kind: 'data', stream, bytes: message.bytes }, [message.bytes.buffer]);
      else if (message.kind === 'finish') this.#line.say({ kind: 'finish', stream });
    });
    this.#outputs.set(stream, listener);
    return channel;
  }

  say(words: GuestWords): void {
    this.#line.say(words);
  }

  /** The call is over. */
  end(): void {
    this.#state = 'gone';
    for (const channel of this.#channels) channel.abort(OVER);
  }

  #open(send: Line['send']): { channel: HttpChannel; listener: Listener } {
    let listener: Listener = () => {};
    const line: Line = {
      word: this.#line.word,
      send,
      take: () => this.#line.take((words) => this.#hear(words)),
      close() {},
    };
    const channel: HttpChannel = new Channel(
      (heard) => {
        listener = heard;
        return line;
      },
      OVER,
      () => {},
    );
    this.#channels.push(channel);
    // An instance that has kept what it asks: the line would take away what is said to the call that it is in now.
    if (this.#state === 'gone') channel.abort(OVER);
    return { channel, listener };
  }

  #hear(words: CallerWords): void {
    switch (words.kind) {
      case 'data':
        this.#input?.listener(words);
        return;
      case 'end':
        this.#input?.listener({ kind: 'end', trailers: [] });
        return;
      case 'sent':
        this.#outputs.get(words.stream)?.({ kind: 'sent', amount: words.amount });
    }
  }
}
