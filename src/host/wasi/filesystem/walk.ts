import { Buffer, isUtf8 } from 'node:buffer';
import { type BigIntStats, closeSync, fstatSync, openSync, readlinkSync, statfsSync } from 'node:fs';
import { descriptors } from '../../descriptors.ts';
import { assertStackRoom } from '../../stack-room.ts';
import { errno, fsError, syscall, systemError } from './errno.ts';
import { entry, O_LOOK, self } from './handle.ts';

/** As in Linux (path_resolution(7)). */
const MAX_LINKS = 40;
/** PATH_MAX of Linux. */
const MAX_PATH_BYTES = 4096;
/** Directories that one walk may hold open, which is how deep below its start it gets. */
const MAX_DEPTH = 128;
/** Components that one walk may look at, those of symbolic links included. */
const MAX_STEPS = 1024;

/** File systems that show the kernel instead of files: through them a path leaves every directory (statfs(2)). */
const PSEUDO_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x1cd1, // devpts
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0xf97cff8c, // selinuxfs
  0x43415d53, // smackfs
  0xcafe4a11, // bpf
  0x6165676c, // pstore
  0x62656570, // configfs
  0xde5e81e4, // efivarfs
  0x6e736673, // nsfs
  0x65735543, // fusectl
  0x19800202, // mqueue
  0x42494e4d, // binfmt_misc
  0x67596969, // rpc_pipefs
]);

/** An object that is held open as a mere place: it can be asked for its metadata and opened, but not read. */
export interface Held {
  readonly fd: number;
  readonly stat: BigIntStats;
}

/** Where a walk ended: an entry of a directory, with or without something there. All of it is closed after use. */
export interface Place {
  /** The descriptor of the directory that holds the entry. */
  readonly parent: number;
  /** The entry's name; undefined where the path ended at a directory by `.` or `..`. */
  readonly name: string | undefined;
  /** Whether the path said by a slash at its end that this is a directory. */
  readonly slash: boolean;
  /** How deep below the start of the walk the parent is. */
  readonly depth: number;
  /** What is there; undefined where nothing is, or where the walk was to stop before it. */
  readonly object: Held | undefined;
}

/** How to walk. */
export interface WalkOptions {
  /**
   * What to do with the last component. `stop`: leave it alone, the caller will create, remove or rename it. `look`:
   * open it; a symbolic link is the object. `follow`: open it, or what a symbolic link there leads to.
   */
  readonly last: 'stop' | 'look' | 'follow';
  /** `refuse`: every symbolic link on the way is the error `loop`. @default 'resolve' */
  readonly symlinks?: 'resolve' | 'refuse';
}

/**
 * Resolves a path below an open directory, as `openat2` with `RESOLVE_BENEATH` would, and hands over what it found.
 * Each component is opened on its own below the descriptor that is held for the one before, so that nothing that is
 * renamed, replaced or planted meanwhile leads outside. `..` goes back to a descriptor that is held already.
 *
 * @throws {WitError} the error of the system, or `not-permitted` where the path would leave the directory.
 */
export function walk<Result>(start: Held, path: string, options: WalkOptions, use: (place: Place) => Result): Result {
  assertStackRoom();
  const { last, symlinks = 'resolve' } = options;
  // What is still to do, the next component at the end. A final '.' makes the component before it a directory.
  const pending = components(path);
  const slash = /(^|\/)\.?$/.test(path);
  if (slash && last !== 'stop') pending.unshift('.');
  const held: Held[] = [];
  let links = 0;
  let steps = 0;
  try {
    for (;;) {
      const here = held.at(-1) ?? start;
      const at = { parent: here.fd, slash, depth: held.length };
      const name = pending.pop();
      if (name === undefined) return use({ ...at, name, object: hold(here.fd) });
      if (name === '.') continue;
      if (++steps > MAX_STEPS) throw fsError('loop');
      if (name === '..') {
        const left = held.pop();
        if (left === undefined) throw fsError('not-permitted');
        letGo(left);
        continue;
      }
      const isLast = pending.length === 0;
      if (isLast && last === 'stop') return use({ ...at, name, object: undefined });
      if (held.length >= MAX_DEPTH) throw fsError('name-too-long');
      const object = look(here.fd, name, held.length);
      if (object === undefined) {
        if (!isLast) throw fsError('no-entry');
        return use({ ...at, name, object });
      }
      held.push(object);
      if (object.stat.dev !== here.stat.dev) refusePseudo(object.fd);
      if (object.stat.isSymbolicLink() && !(isLast && last === 'look')) {
        if (symlinks === 'refuse' || ++links > MAX_LINKS) throw fsError('loop');
        pending.push(...linkTarget(here.fd, name));
        held.pop();
        letGo(object);
      } else if (isLast) {
        return use({ ...at, name, object });
      } else if (!object.stat.isDirectory()) {
        throw fsError('not-directory');
      }
    }
  } finally {
    for (const object of held) letGo(object);
  }
}

/** Opens an entry as a place, without following it; undefined where there is none. */
function look(directory: number, name: string, held: number): Held | undefined {
  if (!descriptors.take(held)) throw fsError('quota');
  let fd: number;
  try {
    fd = openSync(entry(directory, name), O_LOOK);
  } catch (error) {
    descriptors.give();
    if (errno(error) === 'ENOENT') return undefined;
    throw systemError(error);
  }
  return hold(fd);
}

function letGo({ fd }: Held): void {
  closeSync(fd);
  descriptors.give();
}

/** What a descriptor refers to, as it is now. */
export function hold(fd: number): Held {
  return { fd, stat: syscall(() => fstatSync(fd, { bigint: true })) };
}

/** The components of a relative path, the first at the end. */
function components(path: string): string[] {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw fsError('name-too-long');
  if (!path.isWellFormed() || path.includes('\0')) throw fsError('illegal-byte-sequence');
  if (path === '') throw fsError('no-entry');
  if (path.startsWith('/')) throw fsError('not-permitted');
  return path
    .split('/')
    .filter((component) => component !== '' && component !== '.')
    .reverse();
}

/**
 * The components of a symbolic link's target. The link may have been replaced since it was looked at: that is a race
 * among those who may write here, and whatever is read is resolved like anything else.
 */
function linkTarget(directory: number, name: string): string[] {
  const target = readLink(directory, name);
  const rest = components(target);
  if (/\/\.?$/.test(target)) rest.unshift('.');
  return rest;
}

/** The target of a symbolic link, as it stands. */
export function readLink(directory: number, name: string): string {
  const target = syscall(() => readlinkSync(entry(directory, name), 'buffer'));
  if (!isUtf8(target)) throw fsError('illegal-byte-sequence');
  return target.toString();
}

/** A mount below a granted directory is part of it, unless it shows the kernel (a bind mount of `/proc`, say). */
function refusePseudo(fd: number): void {
  if (PSEUDO_FILE_SYSTEMS.has(syscall(() => statfsSync(self(fd))).type)) throw fsError('not-permitted');
}
