import { Resource } from '../resource.ts';
import { InputStream, OutputStream } from '../streams.ts';
import { type DescriptorFlags, type Last, OpenDirectory, type OpenFlags, setTimes } from './directory.ts';
import { DirectoryEntryStream } from './directory-entries.ts';
import { fsError } from './errno.ts';
import { OpenFile } from './file.ts';
import {
  type DescriptorStat,
  type DescriptorType,
  describeStat,
  type MetadataHash,
  metadataHash,
  type NewTimestamp,
} from './metadata.ts';
import { type Held, hold } from './walk.ts';

/** The flags `path-flags`. */
export interface PathFlags {
  readonly symlinkFollow?: boolean;
}

/**
 * `wasi:filesystem/types.descriptor`: the guest's side of an open file or directory. It checks what it is asked, and
 * the rest is done by {@link OpenFile} and {@link OpenDirectory}.
 */
export class Descriptor extends Resource {
  readonly #open: OpenFile | OpenDirectory;

  /** Owns one use of what it is given. */
  constructor(open: OpenFile | OpenDirectory) {
    super(open.handle.owner.host);
    this.#open = open;
  }

  /** The open file of a descriptor, for streams of WASI 0.3. @throws `is-directory` for one of a directory. */
  static fileOf(descriptor: Descriptor): OpenFile {
    if (descriptor.#open instanceof OpenDirectory) throw fsError('is-directory');
    return descriptor.#open;
  }

  readViaStream(offset: bigint): InputStream {
    return new InputStream(this.host, this.#file().source(offset));
  }

  writeViaStream(offset: bigint): OutputStream {
    return new OutputStream(this.host, this.#file().sink(offset));
  }

  appendViaStream(): OutputStream {
    return new OutputStream(this.host, this.#file().appendSink());
  }

  /** Advice is not passed on: Node has no `posix_fadvise`. */
  advise(): void {
    this.#file();
  }

  syncData(): void {
    this.#sync('data');
  }

  sync(): void {
    this.#sync('all');
  }

  getFlags(): DescriptorFlags {
    this.host.hostCall();
    if (this.#open instanceof OpenFile) return { read: this.#open.access.read, write: this.#open.access.write };
    return { read: true, mutateDirectory: this.#open.access === 'writable' };
  }

  getType(): DescriptorType {
    this.host.hostCall();
    return this.#open instanceof OpenFile ? 'regular-file' : 'directory';
  }

  setSize(size: bigint): void {
    this.#file().resize(size);
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    this.host.hostCall();
    if (this.#open instanceof OpenDirectory) this.#open.mustWrite();
    else if (this.#open.access.sealed) throw fsError('read-only');
    setTimes(this.#open.handle.fd, access, modification);
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const { bytes, atEnd } = this.#file().read(length, offset);
    return [bytes, atEnd];
  }

  write(bytes: Uint8Array, offset: bigint): bigint {
    this.#file().write(bytes, offset);
    return BigInt(bytes.length);
  }

  readDirectory(): DirectoryEntryStream {
    return DirectoryEntryStream.of(this.#directory());
  }

  createDirectoryAt(path: string): void {
    this.#directory().createDirectory(path);
  }

  stat(): DescriptorStat {
    this.host.hostCall();
    return this.#describe(hold(this.#open.handle.fd));
  }

  statAt(flags: PathFlags, path: string): DescriptorStat {
    return this.#directory().at(path, last(flags), (object) => this.#describe(object));
  }

  setTimesAt(flags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    this.#directory().setTimesAt(path, last(flags), access, modification);
  }

  linkAt(flags: PathFlags, path: string, to: Descriptor, newPath: string): void {
    this.#directory().link(path, last(flags), to.#asDirectory(), newPath);
  }

  openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Descriptor {
    return new Descriptor(this.#directory().open(path, last(pathFlags), openFlags, flags));
  }

  readlinkAt(path: string): string {
    return this.#directory().readLink(path);
  }

  removeDirectoryAt(path: string): void {
    this.#directory().removeDirectory(path);
  }

  renameAt(path: string, to: Descriptor, newPath: string): void {
    this.#directory().rename(path, to.#asDirectory(), newPath);
  }

  symlinkAt(target: string, path: string): void {
    this.#directory().symlink(target, path);
  }

  unlinkFileAt(path: string): void {
    this.#directory().unlink(path);
  }

  isSameObject(other: Descriptor): boolean {
    this.host.hostCall();
    const [one, two] = [hold(this.#open.handle.fd).stat, hold(other.#open.handle.fd).stat];
    return one.dev === two.dev && one.ino === two.ino;
  }

  metadataHash(): MetadataHash {
    this.host.hostCall();
    return metadataHash(hold(this.#open.handle.fd).stat);
  }

  metadataHashAt(flags: PathFlags, path: string): MetadataHash {
    return this.#directory().at(path, last(flags), ({ stat }) => metadataHash(stat));
  }

  protected override dropped(): void {
    this.#open.handle.release();
  }

  #file(): OpenFile {
    this.host.hostCall();
    return Descriptor.fileOf(this);
  }

  #directory(): OpenDirectory {
    this.host.hostCall();
    return this.#asDirectory();
  }

  #asDirectory(): OpenDirectory {
    if (this.#open instanceof OpenFile) throw fsError('not-directory');
    return this.#open;
  }

  #sync(what: 'data' | 'all'): void {
    this.host.hostCall();
    if (this.#open instanceof OpenFile) this.#open.sync(what);
    else this.#open.sync();
  }

  #describe({ stat }: Held): DescriptorStat {
    return describeStat(stat, this.host.policy.allowClocks ? 'shown' : 'hidden');
  }
}

function last({ symlinkFollow = false }: PathFlags): Last {
  return symlinkFollow ? 'follow' : 'look';
}
