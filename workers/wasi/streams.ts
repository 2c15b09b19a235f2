import type { WasiHost } from './host.ts';
import { IoError } from './io-error.ts';
import { ALWAYS_READY, Pollable } from './poll.ts';
import { Resource } from './resource.ts';
import { trap, WitError } from './wit-error.ts';

/** Bytes that one call reads or writes at most, whatever the guest asks for: it sizes an allocation of the host. */
export const MAX_TRANSFER: number = 1024 * 1024;

/** The variant `stream-error` of `wasi:io/streams`. */
export type StreamError = { readonly tag: 'closed' } | { readonly tag: 'last-operation-failed'; readonly val: IoError };

/** Where the bytes of an input stream come from. Never blocks; both throw a `WitError<StreamError>`. */
export interface Source {
  /** Up to `length` bytes, which is at most {@link MAX_TRANSFER}. */
  read(length: number): Uint8Array;
  close?(): void;
}

/** Where the bytes of an output stream go. Never blocks; throws a `WitError<StreamError>`. */
export interface Sink {
  write(bytes: Uint8Array): void;
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

/** `wasi:io/streams.input-stream`. Our sources never block, so the blocking functions do what the others do. */
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
    return this.read(length);
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length: bigint): bigint {
    return this.skip(length);
  }

  subscribe(): Pollable {
    this.host.hostCall();
    return new Pollable(this.host, ALWAYS_READY);
  }

  protected override dropped(): void {
    this.#source.close?.();
  }

  static take(stream: InputStream, length: bigint): Uint8Array {
    return stream.#source.read(length > MAX_TRANSFER ? MAX_TRANSFER : Number(length));
  }
}

const ZEROES = new Uint8Array(64 * 1024);

/** `wasi:io/streams.output-stream`. Our sinks never block: what was written needs no flush. */
export class OutputStream extends Resource {
  readonly #sink: Sink;

  constructor(host: WasiHost, sink: Sink) {
    super(host);
    this.#sink = sink;
  }

  checkWrite(): bigint {
    this.host.hostCall();
    return BigInt(MAX_TRANSFER);
  }

  write(contents: Uint8Array): void {
    this.host.hostCall();
    permitted(contents.length);
    this.#sink.write(contents);
  }

  blockingWriteAndFlush(contents: Uint8Array): void {
    this.write(contents);
  }

  flush(): void {
    this.host.hostCall();
  }

  blockingFlush(): void {
    this.flush();
  }

  subscribe(): Pollable {
    this.host.hostCall();
    return new Pollable(this.host, ALWAYS_READY);
  }

  writeZeroes(length: bigint): void {
    this.host.hostCall();
    permitted(length);
    for (let left = Number(length); left > 0; left -= ZEROES.length) this.#sink.write(ZEROES.subarray(0, left));
  }

  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length);
  }

  splice(source: InputStream, length: bigint): bigint {
    this.host.hostCall();
    const bytes = InputStream.take(source, length);
    this.#sink.write(bytes);
    return BigInt(bytes.length);
  }

  blockingSplice(source: InputStream, length: bigint): bigint {
    return this.splice(source, length);
  }

  protected override dropped(): void {
    this.#sink.close?.();
  }
}

/** The interface traps when more is written than `check-write` permitted. */
function permitted(length: number | bigint): void {
  if (length > MAX_TRANSFER) {
    throw trap(
      `The plugin wrote ${length} bytes to a stream in one call; check-write permits ${MAX_TRANSFER}`,
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
