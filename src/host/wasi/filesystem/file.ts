import { constants, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { WitError } from '../../wit-error.ts';
import { IoError } from '../io-error.ts';
import { closed, failed, MAX_TRANSFER, type Sink, type Source } from '../streams.ts';
import { type FsErrorCode, fsError, syscall } from './errno.ts';
import { Handle, self } from './handle.ts';

/** What an open file allows. `sealed`: it lies in a directory granted for reading, and nothing there ever changes. */
export interface FileAccess {
  readonly read: boolean;
  readonly write: boolean;
  readonly sealed: boolean;
}

/** Reads go here first, so that a guest that asks for a megabyte of a tiny file gets a tiny array. One for each thread. */
let scratch: Uint8Array | undefined;

/** An open regular file. All functions throw the interface's error. */
export class OpenFile {
  readonly handle: Handle;
  readonly access: FileAccess;

  constructor(handle: Handle, access: FileAccess) {
    this.handle = handle;
    this.access = access;
  }

  /** Up to `length` bytes, at most {@link MAX_TRANSFER}; fewer only at the end of the file. */
  read(length: bigint, offset: bigint): { readonly bytes: Uint8Array; readonly atEnd: boolean } {
    if (!this.access.read) throw fsError('bad-descriptor');
    const wanted = length > MAX_TRANSFER ? MAX_TRANSFER : Number(length);
    // No file is that long, and Node takes no greater position.
    if (offset > Number.MAX_SAFE_INTEGER) return { bytes: new Uint8Array(0), atEnd: true };
    scratch ??= new Uint8Array(MAX_TRANSFER);
    const buffer = scratch;
    const count = syscall(() => readSync(this.handle.fd, buffer, 0, wanted, Number(offset)));
    return { bytes: buffer.slice(0, count), atEnd: count < wanted };
  }

  /** Writes all of it. */
  write(bytes: Uint8Array, offset: bigint): void {
    this.mustWrite();
    if (offset + BigInt(bytes.length) > Number.MAX_SAFE_INTEGER) throw fsError('file-too-large');
    const start = Number(offset);
    // A write behind the end makes a hole, which costs the host nothing now and much when the file is copied.
    const hole = start === 0 ? 0 : Math.max(0, start - this.size());
    this.handle.owner.quotas.write(hole + bytes.length);
    writeAll(this.handle.fd, bytes, start);
  }

  resize(size: bigint): void {
    this.mustWrite();
    if (size > Number.MAX_SAFE_INTEGER) throw fsError('file-too-large');
    this.handle.owner.quotas.write(Math.max(0, Number(size) - this.size()));
    syscall(() => ftruncateSync(this.handle.fd, Number(size)));
  }

  /** To disk. Does nothing for a file that is not open for writing, as the interface says. */
  sync(what: 'data' | 'all'): void {
    if (this.access.write) syscall(() => (what === 'data' ? fdatasyncSync : fsyncSync)(this.handle.fd));
  }

  source(offset: bigint): Source {
    if (!this.access.read) throw fsError('bad-descriptor');
    const handle = this.handle.retain();
    let at = offset;
    return {
      read: (length) =>
        this.#streamed(() => {
          const { bytes } = this.read(BigInt(length), at);
          if (bytes.length === 0 && length > 0) throw closed();
          at += BigInt(bytes.length);
          return bytes;
        }),
      close: () => handle.release(),
    };
  }

  sink(offset: bigint): Sink {
    this.mustWrite();
    const handle = this.handle.retain();
    let at = offset;
    return {
      write: (bytes) =>
        this.#streamed(() => {
          this.write(bytes, at);
          at += BigInt(bytes.length);
        }),
      close: () => handle.release(),
    };
  }

  /** Always writes at the end, wherever that is by then: a descriptor of its own, for which the system sees to that. */
  appendSink(): Sink {
    this.mustWrite();
    const { owner, fd } = this.handle;
    const handle = new Handle(owner, self(fd), constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
    return {
      write: (bytes) =>
        this.#streamed(() => {
          owner.quotas.write(bytes.length);
          writeAll(handle.fd, bytes, null);
        }),
      close: () => handle.release(),
    };
  }

  mustWrite(): void {
    if (this.access.sealed) throw fsError('read-only');
    if (!this.access.write) throw fsError('bad-descriptor');
  }

  size(): number {
    return syscall(() => fstatSync(this.handle.fd)).size;
  }

  /** Turns the error of a file function into that of a stream. */
  #streamed<Result>(run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof WitError) || typeof error.payload !== 'string') throw error;
      const code = error.payload as FsErrorCode;
      throw failed(new IoError(this.handle.owner.host, `file error: ${code}`, code));
    }
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number | null): void {
  for (let done = 0; done < bytes.length; ) {
    const at = position === null ? null : position + done;
    done += syscall(() => writeSync(fd, bytes, done, bytes.length - done, at));
  }
}
