import {
  accessSync,
  type BigIntStats,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { posix } from 'node:path';
import { WitError } from '../../wit-error.ts';
import { fsError, syscall } from './errno.ts';
import { type FileAccess, OpenFile } from './file.ts';
import { entry, Handle, O_WALK, self } from './handle.ts';
import { type NewTimestamp, toSeconds } from './metadata.ts';
import { type Held, hold, type Place, readLink, type WalkOptions, walk } from './walk.ts';

/** The flags `open-flags`. */
export interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

/** The flags `descriptor-flags`. */
export interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fileIntegritySync?: boolean;
  readonly dataIntegritySync?: boolean;
  readonly requestedWriteSync?: boolean;
  readonly mutateDirectory?: boolean;
}

/** Whether what a path leads to is meant where it ends in a symbolic link, or the link itself. */
export type Last = 'look' | 'follow';

/** How often opening starts over when another writer creates or removes the file between two steps. */
const MAX_TRIES = 3;

/**
 * An open directory of a grant. What is opened below it has the rights of the grant, whatever flags the guest asks
 * with: `sealed` means that nothing below it can be changed. All functions throw the interface's error.
 */
export class OpenDirectory {
  readonly handle: Handle;
  readonly access: 'sealed' | 'writable';
  readonly #stat: BigIntStats;

  constructor(handle: Handle, access: 'sealed' | 'writable') {
    this.handle = handle;
    this.access = access;
    this.#stat = hold(handle.fd).stat;
  }

  /** What a path leads to. */
  at<Result>(path: string, last: Last, use: (object: Held, place: Place) => Result): Result {
    return this.#walk(path, last, (place) => {
      if (place.object === undefined) throw fsError('no-entry');
      return use(place.object, place);
    });
  }

  open(path: string, last: Last, how: OpenFlags, flags: DescriptorFlags): OpenDirectory | OpenFile {
    if (how.create || how.truncate || flags.write || flags.mutateDirectory) this.mustWrite();
    if (how.create && how.directory) throw fsError('invalid');
    // An exclusive creation is meant for this name, not for what a link there leads to.
    const mode = how.create && how.exclusive ? 'look' : last;
    for (let attempt = 1; ; attempt++) {
      const opened = this.#walk(path, mode, ({ parent, name, object }) => {
        if (object !== undefined) return this.#reopen(object, how, flags);
        if (!how.create || name === undefined) throw fsError('no-entry');
        return this.#create(parent, name, flags);
      });
      if (opened !== 'changed meanwhile') return opened;
      if (how.exclusive) throw fsError('exist');
      if (attempt === MAX_TRIES) throw fsError('busy');
    }
  }

  createDirectory(path: string): void {
    this.#change(path, 'slash', (at) => {
      this.handle.owner.quotas.create();
      mkdirSync(at);
    });
  }

  removeDirectory(path: string): void {
    this.#change(path, 'slash', (at) => rmdirSync(at));
  }

  unlink(path: string): void {
    this.#change(path, 'no slash', (at) => unlinkSync(at));
  }

  /**
   * A target that is absolute or climbs above this directory is refused. The guest's own walk would stop there anyway;
   * this is for the programs of the host that come across the link later.
   */
  symlink(target: string, path: string): void {
    if (target.startsWith('/')) throw fsError('not-permitted');
    if (target === '' || target.includes('\0') || !target.isWellFormed()) throw fsError('invalid');
    this.#change(path, 'no slash', (at, { depth }) => {
      const inside = posix.normalize(`${'d/'.repeat(depth)}${target}`);
      if (inside === '..' || inside.startsWith('../')) throw fsError('not-permitted');
      this.handle.owner.quotas.create();
      symlinkSync(target, at);
    });
  }

  readLink(path: string): string {
    return this.at(path, 'look', ({ stat }, { parent, name }) => {
      if (name === undefined || !stat.isSymbolicLink()) throw fsError('invalid');
      const target = readLink(parent, name);
      if (target.startsWith('/')) throw fsError('not-permitted');
      return target;
    });
  }

  /** Both directories must be writable; and only a file that the guest could read gets another name. */
  link(path: string, last: Last, to: OpenDirectory, newPath: string): void {
    this.mustWrite();
    this.at(path, last, (object, { parent, name }) => {
      if (name === undefined || !object.stat.isFile()) throw fsError('not-permitted');
      syscall(() => accessSync(self(object.fd), constants.R_OK));
      to.#change(newPath, 'no slash', (at) => {
        to.handle.owner.quotas.create();
        // link(2) does not follow a link that replaced the file meanwhile: it would get a second name itself.
        linkSync(entry(parent, name), at);
      });
    });
  }

  /** Both directories must be writable. */
  rename(path: string, to: OpenDirectory, newPath: string): void {
    this.#change(path, 'slash', (from, old) => {
      to.#change(newPath, 'slash', (at, place) => {
        if ((old.slash || place.slash) && !lstatSync(from).isDirectory()) throw fsError('not-directory');
        renameSync(from, at);
      });
    });
  }

  setTimesAt(path: string, last: Last, access: NewTimestamp, modification: NewTimestamp): void {
    this.mustWrite();
    this.at(path, last, (object, { parent, name }) => {
      const { stat } = object;
      if (stat.isFile() || stat.isDirectory()) return setTimes(object.fd, access, modification);
      if (name === undefined || !stat.isSymbolicLink()) throw fsError('not-permitted');
      const times = [toSeconds(access, stat.atimeNs), toSeconds(modification, stat.mtimeNs)] as const;
      syscall(() => lutimesSync(entry(parent, name), ...times));
    });
  }

  /** To disk, if it can have changed. */
  sync(): void {
    if (this.access === 'sealed') return;
    const { owner, fd } = this.handle;
    const handle = new Handle(owner, self(fd), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      syscall(() => fsyncSync(handle.fd));
    } finally {
      handle.release();
    }
  }

  mustWrite(): void {
    if (this.access === 'sealed') throw fsError('read-only');
  }

  #walk<Result>(path: string, last: WalkOptions['last'], use: (place: Place) => Result): Result {
    return walk({ fd: this.handle.fd, stat: this.#stat }, path, { last }, use);
  }

  /** Changes one entry; the last component of the path is handed to the system as it stands, which does not follow it. */
  #change(path: string, form: 'slash' | 'no slash', change: (at: string, place: Place) => void): void {
    this.mustWrite();
    this.#walk(path, 'stop', (place) => {
      if (place.name === undefined) throw fsError('invalid');
      if (place.slash && form === 'no slash') throw fsError('not-directory');
      const at = entry(place.parent, place.name);
      syscall(() => change(at, place));
    });
  }

  /** Opens what the walk holds: the very object, since its name is not looked up again. */
  #reopen(object: Held, how: OpenFlags, flags: DescriptorFlags): OpenDirectory | OpenFile {
    const { owner } = this.handle;
    if (how.create && how.exclusive) throw fsError('exist');
    if (object.stat.isDirectory()) {
      if (how.create || how.truncate || flags.write) throw fsError('is-directory');
      return new OpenDirectory(new Handle(owner, self(object.fd), O_WALK), this.access);
    }
    if (how.directory) throw fsError('not-directory');
    if (object.stat.isSymbolicLink()) throw fsError('loop');
    // FIFOs, sockets and devices: opening one can block the thread, or do something.
    if (!object.stat.isFile()) throw fsError('not-permitted');
    const mode = openMode(flags, how) | (how.truncate ? constants.O_TRUNC : 0);
    return new OpenFile(new Handle(owner, self(object.fd), mode), this.#fileAccess(flags));
  }

  #create(parent: number, name: string, flags: DescriptorFlags): OpenFile | 'changed meanwhile' {
    const { owner } = this.handle;
    owner.quotas.create();
    const mode = openMode(flags, {}) | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    try {
      return new OpenFile(new Handle(owner, entry(parent, name), mode, 0o666), this.#fileAccess(flags));
    } catch (error) {
      if (error instanceof WitError && error.payload === 'exist') return 'changed meanwhile';
      throw error;
    }
  }

  #fileAccess({ read = false, write = false }: DescriptorFlags): FileAccess {
    return { read, write, sealed: this.access === 'sealed' };
  }
}

/** Sets the times of an open file or directory, which may be a mere place. */
export function setTimes(fd: number, access: NewTimestamp, modification: NewTimestamp): void {
  const { stat } = hold(fd);
  const times = [toSeconds(access, stat.atimeNs), toSeconds(modification, stat.mtimeNs)] as const;
  syscall(() => utimesSync(self(fd), ...times));
}

function openMode(flags: DescriptorFlags, { truncate = false }: OpenFlags): number {
  const writes = flags.write || truncate;
  // A file under a lease would block the thread otherwise (fcntl(2), F_SETLEASE).
  let mode = constants.O_NONBLOCK;
  if (writes) mode |= flags.read ? constants.O_RDWR : constants.O_WRONLY;
  if (flags.fileIntegritySync) mode |= constants.O_SYNC;
  if (flags.dataIntegritySync) mode |= constants.O_DSYNC;
  return mode;
}
