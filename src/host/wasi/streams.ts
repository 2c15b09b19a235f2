import { trap, WitError } from '../wit-error.ts';
import type { WasiHost } from './host.ts';
import { IoError } from './io-error.ts';
import { ALWAYS_READY, type Event, Pollable, wait } from './poll.ts';
import { Resource } from './resource.ts';

/** Bytes that one call reads or writes at most, whatever the guest asks for: it sizes an allocation of the host. */
export const MAX_TRANSFER: number = 1024 * 1024;

/** The variant `stream-error` of `wasi:io/streams`. */
export type StreamError = { readonly tag: 'closed' } | { readonly tag: 'last-operation-failed'; readonly val: IoError };

/** Where the bytes of an input stream come from. Never blocks; both throw a `WitError<StreamError>`. */
export interface Source {
  /** Up to `length` bytes, which is at most {@link MAX_TRANSFER}; none when there are none now. */
  read(length: number): Uint8Array;
  /** When there is something to read, or an error. @default always */
  readonly readable?: Event;
  close?(): void;
}

/** Where the bytes of an output stream go. Never blocks; throws a `WitError<StreamError>`. */
export interface Sink {
  /** Takes no more than {@link room}. */
  write(bytes: Uint8Array): void;
  /** How many bytes may be written now. @default {@link MAX_TRANSFER} */
  room?(): number;
  /** When there is room, or an error. @default always */
  readonly writable?: Event;
  /** When everything written is on its way, or never will be. @default always */
  readonly flushed?: Event;
  /** Whether it is as old as its instance, and nothing is left of what was written when a call ends. @default false */
  readonly isTimeless?: boolean;
  close?(): void;
}

/** An input stream at its end. */
export const EMPTY: Source = {
  read(): never {
    throw closed();
  },
};

export function closed(): WitError<StreamError> {
  return new WitError<StreamError>({ tag: 'closed' });
}

export function failed(error: IoError): WitError<StreamError> {
  return new WitError<StreamError>({ tag: 'last-operation-failed', val: error });
}

/** `wasi:io/streams.input-stream`. The blocking functions wait where the source says that it may have nothing. */
export class InputStream extends Resource {
  readonly #source: Source;

  constructor(host: WasiHost, source: Source) {
    super(host);
    this.#source = source;
  }

  read(length: bigint): Uint8Array {
    this.host.hostCall();
    return InputStream.take(this, length);
  }

  blockingRead(length: bigint): Uint8Array {
    if (length > 0n) InputStream.await(this);
    return this.read(length);
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length: bigint): bigint {
    return BigInt(this.blockingRead(length).length);
  }

  subscribe(): Pollable {
    this.host.hostCall();
    return new Pollable(this.host, this.#source.readable ?? ALWAYS_READY);
  }

  override get isTimeless(): boolean {
    return this.#source === EMPTY;
  }

  protected override dropped(): void {
    this.#source.close?.();
  }

  static take(stream: InputStream, length: bigint): Uint8Array {
    return stream.#source.read(length > MAX_TRANSFER ? MAX_TRANSFER : Number(length));
  }

  static await(stream: InputStream): void {
    const { readable } = stream.#source;
    if (readable !== undefined) wait([readable]);
  }
}

const ZEROES = new Uint8Array(64 * 1024);

/** `wasi:io/streams.output-stream`. What was written is on its way: a flush has nothing to start, only to wait for. */
export class OutputStream extends Resource {
  readonly #sink: Sink;

  constructor(host: WasiHost, sink: Sink) {
    super(host);
    this.#sink = sink;
  }

  checkWrite(): bigint {
    this.host.hostCall();
    return BigInt(this.#room());
  }

  write(contents: Uint8Array): void {
    this.host.hostCall();
    permitted(contents.length, this.#room());
    this.#sink.write(contents);
  }

  blockingWriteAndFlush(contents: Uint8Array): void {
    this.host.hostCall();
    permitted(contents.length, MAX_TRANSFER);
    this.#blockingWrite(contents);
    this.#await('flushed');
  }

  flush(): void {
    this.host.hostCall();
    this.#room();
  }

  blockingFlush(): void {
    this.host.hostCall();
    this.#await('flushed');
  }

  subscribe(): Pollable {
    this.host.hostCall();
    return new Pollable(this.host, this.#sink.writable ?? ALWAYS_READY);
  }

  writeZeroes(length: bigint): void {
    this.host.hostCall();
    permitted(length, this.#room());
    for (let left = Number(length); left > 0; left -= ZEROES.length) this.#sink.write(ZEROES.subarray(0, left));
  }

  blockingWriteZeroesAndFlush(length: bigint): void {
    this.host.hostCall();
    permitted(length, MAX_TRANSFER);
    for (let left = Number(length); left > 0; left -= ZEROES.length) this.#blockingWrite(ZEROES.subarray(0, left));
    this.#await('flushed');
  }

  splice(source: InputStream, length: bigint): bigint {
    this.host.hostCall();
    const room = BigInt(this.#room());
    const bytes = InputStream.take(source, length < room ? length : room);
    this.#sink.write(bytes);
    return BigInt(bytes.length);
  }

  blockingSplice(source: InputStream, length: bigint): bigint {
    if (length > 0n) {
      InputStream.await(source);
      this.#await('writable');
    }
    return this.splice(source, length);
  }

  override get isTimeless(): boolean {
    return this.#sink.isTimeless ?? false;
  }

  protected override dropped(): void {
    this.#sink.close?.();
  }

  #room(): number {
    return this.#sink.room?.() ?? MAX_TRANSFER;
  }

  #blockingWrite(contents: Uint8Array): void {
    for (let rest = contents; rest.length > 0; ) {
      this.#await('writable');
      const part = rest.subarray(0, this.#room());
      this.#sink.write(part);
      rest = rest.subarray(part.length);
    }
  }

  /** @throws the error of the sink, if waiting has come to one. */
  #await(what: 'writable' | 'flushed'): void {
    const event = this.#sink[what];
    if (event === undefined) return;
    wait([event]);
    this.#room();
  }
}

/** The interface traps when more is written than `check-write` permitted. */
function permitted(length: number | bigint, room: number): void {
  if (length > room) {
    throw trap(
      `The plugin wrote ${length} bytes to a stream in one call; check-write permits ${room}`,
      'Write in smaller pieces.',
    );
  }
}

/** `wasi:io/streams` */
export function streams(): object {
  return { InputStream, OutputStream };
}

/** `wasi:io/error` */
export function error(): object {
  return { Error: IoError };
}
