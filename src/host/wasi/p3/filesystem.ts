import type { FutureWriter } from '../../../canonical-abi/runtime/async/future-writer.ts';
import type { SharedStream } from '../../../canonical-abi/runtime/async/stream.ts';
import { Descriptor, type PathFlags } from '../filesystem/descriptor.ts';
import type { DescriptorFlags, OpenFlags } from '../filesystem/directory.ts';
import type { DirectoryEntry } from '../filesystem/directory-entries.ts';
import type { Mount } from '../filesystem/grants.ts';
import type { DescriptorStat, DescriptorType, MetadataHash, NewTimestamp } from '../filesystem/metadata.ts';
import type { WasiHost } from '../host.ts';
import type { ByteStreams, Given, Outcome } from './byte-streams.ts';
import { type FileErrorCode, fileError, inFileErrors } from './file-error.ts';

/** The variant `descriptor-type`. */
interface FileType {
  readonly tag: Exclude<DescriptorType, 'unknown'> | 'other';
  readonly val?: undefined;
}

/** The record `descriptor-stat`. */
interface FileStat extends Omit<DescriptorStat, 'type'> {
  readonly type: FileType;
}

/** Entries that are read at a time. */
const ENTRIES = 64;

/** `wasi:filesystem/types.descriptor`: that of WASI 0.2 in other words, with streams instead of reads and writes. */
interface FileDescriptor extends Disposable {
  readViaStream(offset: bigint): Given<FileErrorCode>;
  readDirectory(): Given<FileErrorCode>;
}

/** The class of the descriptors of one instance. */
type DescriptorClass = new (of: Descriptor) => FileDescriptor;

/** `wasi:filesystem/types`. The class is the instance's own: what it makes streams of is. */
export function types(streams: ByteStreams): { readonly Descriptor: DescriptorClass } {
  class Own implements FileDescriptor {
    readonly #of: Descriptor;

    constructor(of: Descriptor) {
      this.#of = of;
    }

    [Symbol.dispose](): void {
      this.#of[Symbol.dispose]();
    }

    readViaStream(offset: bigint): Given<FileErrorCode> {
      return streams.from(() => inFileErrors(() => Descriptor.fileOf(this.#of).source(offset)), fileError);
    }

    writeViaStream(data: SharedStream, offset: bigint): FutureWriter<Outcome<FileErrorCode>> {
      return streams.into(data, () => inFileErrors(() => Descriptor.fileOf(this.#of).sink(offset)), fileError);
    }

    appendViaStream(data: SharedStream): FutureWriter<Outcome<FileErrorCode>> {
      return streams.into(data, () => inFileErrors(() => Descriptor.fileOf(this.#of).appendSink()), fileError);
    }

    readDirectory(): Given<FileErrorCode> {
      return streams.list(() => {
        const entries = inFileErrors(() => this.#of.readDirectory());
        return {
          next: () => inFileErrors(() => upTo(ENTRIES, () => entries.readDirectoryEntry())).map(entryOf),
          close: () => entries[Symbol.dispose](),
        };
      });
    }

    advise(): void {
      inFileErrors(() => this.#of.advise());
    }

    syncData(): void {
      inFileErrors(() => this.#of.syncData());
    }

    sync(): void {
      inFileErrors(() => this.#of.sync());
    }

    getFlags(): DescriptorFlags {
      return inFileErrors(() => this.#of.getFlags());
    }

    getType(): FileType {
      return typeOf(inFileErrors(() => this.#of.getType()));
    }

    setSize(size: bigint): void {
      inFileErrors(() => this.#of.setSize(size));
    }

    setTimes(access: NewTimestamp, modification: NewTimestamp): void {
      inFileErrors(() => this.#of.setTimes(access, modification));
    }

    createDirectoryAt(path: string): void {
      inFileErrors(() => this.#of.createDirectoryAt(path));
    }

    stat(): FileStat {
      return statOf(inFileErrors(() => this.#of.stat()));
    }

    statAt(flags: PathFlags, path: string): FileStat {
      return statOf(inFileErrors(() => this.#of.statAt(flags, path)));
    }

    setTimesAt(flags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
      inFileErrors(() => this.#of.setTimesAt(flags, path, access, modification));
    }

    linkAt(flags: PathFlags, path: string, to: Own, newPath: string): void {
      inFileErrors(() => this.#of.linkAt(flags, path, to.#of, newPath));
    }

    openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Own {
      return new Own(inFileErrors(() => this.#of.openAt(pathFlags, path, openFlags, flags)));
    }

    readlinkAt(path: string): string {
      return inFileErrors(() => this.#of.readlinkAt(path));
    }

    removeDirectoryAt(path: string): void {
      inFileErrors(() => this.#of.removeDirectoryAt(path));
    }

    renameAt(path: string, to: Own, newPath: string): void {
      inFileErrors(() => this.#of.renameAt(path, to.#of, newPath));
    }

    symlinkAt(target: string, path: string): void {
      inFileErrors(() => this.#of.symlinkAt(target, path));
    }

    unlinkFileAt(path: string): void {
      inFileErrors(() => this.#of.unlinkFileAt(path));
    }

    isSameObject(other: Own): boolean {
      return this.#of.isSameObject(other.#of);
    }

    metadataHash(): MetadataHash {
      return inFileErrors(() => this.#of.metadataHash());
    }

    metadataHashAt(flags: PathFlags, path: string): MetadataHash {
      return inFileErrors(() => this.#of.metadataHashAt(flags, path));
    }
  }
  return { Descriptor: Own };
}

/** `wasi:filesystem/preopens`: the granted directories, under the paths where they are mounted. */
export function preopens(host: WasiHost, mounts: readonly Mount[], Own: DescriptorClass): object {
  return {
    getDirectories(): [FileDescriptor, string][] {
      host.hostCall();
      return mounts.map(({ directory, path }) => {
        const descriptor = new Descriptor(directory);
        directory.handle.retain();
        return [new Own(descriptor), path];
      });
    },
  };
}

function upTo<Value>(most: number, next: () => Value | undefined): Value[] {
  const values: Value[] = [];
  for (let value = next(); value !== undefined; value = next()) {
    values.push(value);
    if (values.length === most) break;
  }
  return values;
}

function typeOf(type: DescriptorType): FileType {
  return { tag: type === 'unknown' ? 'other' : type };
}

function entryOf({ type, name }: DirectoryEntry): { readonly type: FileType; readonly name: string } {
  return { type: typeOf(type), name };
}

function statOf({ type, ...stat }: DescriptorStat): FileStat {
  return { type: typeOf(type), ...stat };
}
