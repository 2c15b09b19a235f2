import { type Buffer, isUtf8 } from 'node:buffer';
import { type Dir, type Dirent, opendirSync } from 'node:fs';
import { assertStackRoom } from '../../stack-room.ts';
import { Resource } from '../resource.ts';
import type { OpenDirectory } from './directory.ts';
import { fsError, syscall } from './errno.ts';
import { self } from './handle.ts';
import { type DescriptorType, typeOf } from './metadata.ts';

/** The record `directory-entry`. */
export interface DirectoryEntry {
  readonly type: DescriptorType;
  readonly name: string;
}

/** `wasi:filesystem/types.directory-entry-stream`. Reads a few entries at a time, however many there are. */
export class DirectoryEntryStream extends Resource {
  readonly #directory: OpenDirectory;
  readonly #entries: Dir;
  readonly #forget: () => boolean;

  /** @throws {WitError} the error of the system, or `quota`: it holds a descriptor. */
  static of(directory: OpenDirectory): DirectoryEntryStream {
    assertStackRoom();
    const { owner, fd } = directory.handle;
    owner.quotas.open();
    let entries: Dir | undefined;
    try {
      // Names are bytes on Linux, and may be no text at all.
      entries = syscall(() => opendirSync(self(fd), { encoding: 'buffer' as BufferEncoding }));
      return new DirectoryEntryStream(directory, entries);
    } catch (error) {
      entries?.closeSync();
      owner.quotas.close();
      throw error;
    }
  }

  private constructor(directory: OpenDirectory, entries: Dir) {
    super(directory.handle.owner.host);
    this.#directory = directory;
    this.#entries = entries;
    // Entries of a type that the directory does not tell are looked up below its descriptor.
    directory.handle.retain();
    this.#forget = this.host.atEnd(() => this.#close());
  }

  readDirectoryEntry(): DirectoryEntry | undefined {
    this.host.hostCall();
    const found = syscall(() => this.#entries.readSync()) as unknown as Dirent<Buffer> | null;
    if (found === null) return undefined;
    if (!isUtf8(found.name)) throw fsError('illegal-byte-sequence');
    return { type: typeOf(found), name: found.name.toString() };
  }

  protected override dropped(): void {
    assertStackRoom();
    if (this.#forget()) this.#close();
    this.#directory.handle.release();
  }

  #close(): void {
    this.#entries.closeSync();
    this.#directory.handle.owner.quotas.close();
  }
}
