import { Inlet } from './inlet.ts';
import type { CallerWords, GuestWords, HeaderLine, OutputStreamName } from './messages.ts';
import { type ByteSink, Outlet } from './outlet.ts';
import type { ByteSource } from './source.ts';

/** Sends words to the guest; bytes are moved. */
export type Post = (words: CallerWords, transfer?: readonly ArrayBuffer[]) => void;

/** What a caller has for a call, and who hears what comes of it. */
export interface ConversationParts {
  /** What the guest may read. @default nothing */
  readonly input: ByteSource | undefined;
  readonly sinks: Readonly<Record<OutputStreamName, ByteSink>>;
  /** The guest has answered a request. Before anything of its body. */
  readonly onHead?: (status: number, headers: readonly HeaderLine[]) => void;
  /** The guest has answered a request with an error of its own. */
  readonly onDeclined?: (code: string) => void;
  /** What the caller gave to read or to write to has failed: the call is of no use any more. */
  readonly onFailure: (error: unknown, what: 'input' | OutputStreamName) => void;
}

let conversations = 0;

/** The caller's side of one call that passes streams while it runs. It may go to several threads until it begins on one. */
export class Conversation {
  readonly number: number = ++conversations;
  readonly #parts: ConversationParts;
  readonly #inlet: Inlet | undefined;
  readonly #outlets: Readonly<Record<OutputStreamName, Outlet>>;
  #post: Post | undefined;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    const { input, sinks, onFailure } = parts;
    this.#inlet = input && new Inlet(input, (error) => onFailure(error, 'input'));
    this.#outlets = {
      output: new Outlet(sinks.output, (error) => onFailure(error, 'output')),
      errors: new Outlet(sinks.errors, (error) => onFailure(error, 'errors')),
    };
  }

  /** It is on its way to a thread. */
  attach(post: Post): void {
    this.#post = post;
  }

  /** It was taken back from there, or the thread is done with it. */
  detach(): void {
    this.#post = undefined;
  }

  hear(words: GuestWords): void {
    switch (words.kind) {
      case 'began':
        if (this.#inlet === undefined) this.#post?.({ kind: 'end' });
        else this.#inlet.open((said, transfer) => this.#post?.(said, transfer));
        return;
      case 'taken':
        this.#inlet?.taken(words.amount);
        return;
      case 'head':
        this.#parts.onHead?.(words.status, words.headers);
        return;
      case 'declined':
        this.#parts.onDeclined?.(words.code);
        return;
      case 'data': {
        const { stream, bytes } = words;
        this.#outlets[stream].write(bytes, (amount) => this.#post?.({ kind: 'sent', stream, amount }));
        return;
      }
      case 'finish':
        this.#outlets[words.stream].finish();
    }
  }

  /** Whether the guest has said that this was all of a stream. */
  isFinished(stream: OutputStreamName): boolean {
    return this.#outlets[stream].isFinished;
  }

  /** The call is over: nothing more is read, and what was written is still taken. Resolves when it was. */
  async end(): Promise<void> {
    this.#inlet?.close();
    await Promise.all([this.#outlets.output.settled, this.#outlets.errors.settled]);
  }
}
