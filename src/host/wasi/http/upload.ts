import { WitError } from '../../wit-error.ts';
import type { WasiHost } from '../host.ts';
import type { Channel } from '../network/channel.ts';
import type { Field, HttpResponseHead } from '../network/protocol.ts';
import type { Event } from '../poll.ts';
import { closed, MAX_TRANSFER, type Sink, type StreamError } from '../streams.ts';
import type { HttpErrorCode } from './error-code.ts';
import { bodyFailed } from './http-error.ts';

export type HttpChannel = Channel<HttpResponseHead, HttpErrorCode>;

/** Bytes of a body that are kept until the message is sent. A guest that writes more has to send it first. */
const MAX_UNSENT_BYTES = 512 * 1024;

/** The message can never be complete; the other side is not to take what it got for all of it. */
const INCOMPLETE: HttpErrorCode = { tag: 'HTTP-protocol-error' };

/** Where the body of a message goes. */
export interface BodySink extends Sink {
  /** @throws {WitError} when it is not as long as was announced. */
  finish(trailers: readonly Field[]): void;
  /** The guest let go of the body without finishing it, or of the message without sending it. */
  abandon(): void;
}

/** What bounds a body. */
export interface BodyLimits {
  /** What the header `Content-Length` says. */
  readonly announced: number | undefined;
  /** Counts what is written. @throws what ends the writing, or the call. */
  readonly count: (bytes: number) => void;
  /** The error of a body that is not as long as was announced. */
  readonly size: 'HTTP-request-body-size' | 'HTTP-response-body-size';
  /** Whether a flush waits until what was written has left, or holds what is under way for sent. */
  readonly flush: 'waits' | 'at once';
}

/** The body of a message: kept in the worker until the message is sent, and passed on from then. */
export class Upload implements BodySink {
  readonly #host: WasiHost;
  readonly #limits: BodyLimits;
  #channel: HttpChannel | undefined;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #written = 0;
  #trailers: readonly Field[] = [];
  #state: 'open' | 'finished' | 'abandoned' = 'open';
  readonly writable: Event;
  readonly flushed?: Event;

  constructor(host: WasiHost, limits: BodyLimits) {
    this.#host = host;
    this.#limits = limits;
    const hasRoom = (channel: HttpChannel): boolean => channel.room > 0 || isOver(channel);
    this.writable = this.#event((channel) => (channel === undefined ? this.#roomBeforeSending > 0 : hasRoom(channel)));
    if (limits.flush === 'at once') return;
    this.flushed = this.#event((channel) => channel === undefined || channel.sending === 0 || isOver(channel));
  }

  /** What the header `Content-Length` says. */
  get announced(): number | undefined {
    return this.#limits.announced;
  }

  /** The length of the body if it is known already, which saves the chunked encoding. */
  get length(): number | undefined {
    return this.announced ?? (this.#state === 'finished' ? this.#written : undefined);
  }

  /** Passes on what there is, and from now on what comes. */
  attach(channel: HttpChannel): void {
    this.#channel = channel;
    for (const bytes of this.#release()) channel.write(bytes);
    if (this.#state === 'finished') channel.finish(this.#trailers);
    if (this.#state === 'abandoned') channel.abort(INCOMPLETE);
  }

  room(): number {
    if (this.#state !== 'open') throw closed();
    const channel = this.#channel;
    if (channel === undefined) return this.#roomBeforeSending;
    const { room, failure, ended } = channel;
    if (failure !== undefined) throw bodyFailed(this.#host, failure);
    // The server has answered and reads no more: what is written goes nowhere, and must not hold the guest up.
    return ended === undefined ? room : MAX_TRANSFER;
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open') throw closed();
    const { announced, count } = this.#limits;
    if (announced !== undefined && this.#written + bytes.length > announced) throw this.#tooLong(announced);
    count(bytes.length);
    this.#written += bytes.length;
    if (this.#channel !== undefined) {
      if (this.#channel.ended === undefined) this.#channel.write(bytes);
      return;
    }
    this.#host.hold(bytes.length);
    this.#unsentBytes += bytes.length;
    this.#unsent.push(new Uint8Array(bytes));
  }

  finish(trailers: readonly Field[]): void {
    if (this.#state !== 'open') return;
    if (this.announced !== undefined && this.announced !== this.#written) {
      this.abandon();
      throw new WitError(this.#bodySize(this.#written));
    }
    this.#state = 'finished';
    this.#trailers = trailers;
    this.#channel?.finish(trailers);
  }

  abandon(): void {
    if (this.#state !== 'open') return;
    this.#state = 'abandoned';
    this.#release();
    this.#channel?.abort(INCOMPLETE);
  }

  #tooLong(most: number): WitError<StreamError> {
    return bodyFailed(this.#host, this.#bodySize(most));
  }

  #bodySize(bytes: number): HttpErrorCode {
    return { tag: this.#limits.size, val: BigInt(bytes) };
  }

  get #roomBeforeSending(): number {
    return Math.min(MAX_UNSENT_BYTES - this.#unsentBytes, MAX_TRANSFER);
  }

  /** Gives back what was kept. */
  #release(): readonly Uint8Array[] {
    const unsent = this.#unsent;
    this.#host.hold(-this.#unsentBytes);
    this.#unsent = [];
    this.#unsentBytes = 0;
    return unsent;
  }

  /** The request may be sent between two looks, but not while the guest waits. */
  #event(isReady: (channel: HttpChannel | undefined) => boolean): Event {
    return {
      word: () => this.#channel?.word,
      remaining: () => (this.#state !== 'open' || isReady(this.#channel) ? 0n : undefined),
    };
  }
}

function isOver({ ended, failure }: HttpChannel): boolean {
  return ended !== undefined || failure !== undefined;
}
