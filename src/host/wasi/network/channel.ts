import type { Event } from '../poll.ts';
import type { Line } from './io-thread.ts';
import { WINDOW_BYTES } from './limits.ts';
import type { ChannelEvent, Datagram, Failure, Field, Opened } from './protocol.ts';

/**
 * The guest's end of one connection, socket, request or look-up: what has come in and was not taken yet, and what was
 * written and has not left yet. Both are bounded by a window, so that a side that is too slow holds the other one up.
 */
export class Channel<OpenedTo extends Opened, Fails extends Failure> {
  #line: Line | undefined;
  readonly #incoming: Uint8Array[] = [];
  readonly #datagrams: Datagram[] = [];
  #taken = 0;
  #sending = 0;
  readonly #onClose: () => void;
  /** What the channel is open to, once it is. */
  opened: OpenedTo | undefined;
  /** Why the channel failed; everything that came in before can still be read. */
  failure: Fails | undefined;
  /** The trailers, when the other side has ended properly. */
  ended: readonly Field[] | undefined;
  /** Why a datagram could not be sent; {@link takeUnsent} clears it. */
  unsent: Fails | undefined;

  /**
   * @param open Gets a line; events arrive when it is asked to take them.
   * @param lost The failure to report when the I/O thread is lost.
   * @param onClose Called once, by {@link close}.
   */
  constructor(
    open: (listener: (event: ChannelEvent | { kind: 'lost' }) => void) => Line,
    lost: Fails,
    onClose: () => void,
  ) {
    this.#onClose = onClose;
    this.#line = open((event) => this.#receive(event, lost));
  }

  /** Whether it is known what came of opening it. */
  get settled(): boolean {
    this.#line?.take();
    return this.opened !== undefined || this.failure !== undefined || this.#line === undefined;
  }

  /** Whether something can be read, or will never be. */
  get readable(): boolean {
    this.#line?.take();
    return this.#incoming.length > 0 || this.ended !== undefined || this.failure !== undefined;
  }

  /** Bytes that may be written now. */
  get room(): number {
    this.#line?.take();
    return Math.max(0, WINDOW_BYTES - this.#sending);
  }

  /** Bytes, or datagrams, that were written and have not left yet. */
  get sending(): number {
    this.#line?.take();
    return this.failure !== undefined ? 0 : this.#sending;
  }

  /** What changes when something happens to the channel; undefined when nothing will. */
  get word(): Int32Array<SharedArrayBuffer> | undefined {
    return this.#line?.word;
  }

  /** Something that happens to this channel, to be waited for. */
  event(isReady: (channel: this) => boolean): Event {
    return {
      word: () => this.word,
      remaining: () => {
        this.#line?.take();
        // A pollable may outlive what it belongs to; nothing will happen to it any more.
        return this.#line === undefined || isReady(this) ? 0n : undefined;
      },
    };
  }

  /** What has come in, up to a number of bytes; undefined when there is nothing now. */
  read(length: number): Uint8Array | undefined {
    this.#line?.take();
    const first = this.#incoming[0];
    if (first === undefined) return undefined;
    const bytes = first.subarray(0, length);
    if (bytes.length === first.length) this.#incoming.shift();
    else this.#incoming[0] = first.subarray(length);
    this.#give(bytes.length, WINDOW_BYTES / 4);
    return bytes;
  }

  /** What has come in to a UDP socket. */
  receive(): Datagram | undefined {
    this.#line?.take();
    const datagram = this.#datagrams.shift();
    if (datagram !== undefined) this.#give(1, 1);
    return datagram;
  }

  get hasDatagram(): boolean {
    this.#line?.take();
    return this.#datagrams.length > 0;
  }

  /** Why a datagram could not be sent, once. */
  takeUnsent(): Fails | undefined {
    this.#line?.take();
    const { unsent } = this;
    this.unsent = undefined;
    return unsent;
  }

  /** Writes bytes, no more than {@link room}. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#sending += bytes.length;
    this.#line?.send({ kind: 'data', bytes: new Uint8Array(bytes) });
  }

  send(datagram: Datagram): void {
    this.#sending++;
    this.#line?.send({ kind: 'datagram', datagram });
  }

  keepAlive(enabled: boolean): void {
    this.#line?.send({ kind: 'keep-alive', enabled });
  }

  /** Says that nothing more will be written. */
  finish(trailers: readonly Field[] = []): void {
    this.#line?.send({ kind: 'finish', trailers });
  }

  /** Closes the channel. What has come in is gone. */
  close(how: 'gently' | 'at once' = 'at once'): void {
    if (this.#line === undefined) return;
    this.#line.close(how);
    this.#line = undefined;
    this.#incoming.length = 0;
    this.#datagrams.length = 0;
    this.#onClose();
  }

  /** Throws away what has come in. */
  discard(): void {
    this.#line?.take();
    const bytes = this.#incoming.reduce((sum, { length }) => sum + length, 0);
    this.#incoming.length = 0;
    if (bytes > 0) this.#give(bytes, 1);
  }

  /** Closes the channel for a reason of this side's, which whoever waits for it is told. */
  abort(reason: Fails): void {
    this.failure ??= reason;
    this.close();
  }

  #give(amount: number, atLeast: number): void {
    this.#taken += amount;
    if (this.#taken < atLeast) return;
    this.#line?.send({ kind: 'taken', amount: this.#taken });
    this.#taken = 0;
  }

  #receive(event: ChannelEvent | { readonly kind: 'lost' }, lost: Fails): void {
    switch (event.kind) {
      case 'opened':
        this.opened = event.opened as OpenedTo;
        return;
      case 'data':
        this.#incoming.push(event.bytes);
        return;
      case 'datagram':
        this.#datagrams.push(event.datagram);
        return;
      case 'sent':
        this.#sending -= event.amount;
        return;
      case 'unsent':
        this.unsent = event.error as Fails;
        return;
      case 'end':
        this.ended = event.trailers;
        return;
      case 'failed':
        this.failure = event.error as Fails;
        return;
      case 'lost':
        this.failure ??= lost;
    }
  }
}
