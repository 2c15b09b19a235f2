import { closeSync, constants, openSync } from 'node:fs';
import { assertStackRoom } from '../../stack-room.ts';
import type { WasiHost } from '../host.ts';
import { fsError, syscall } from './errno.ts';
import type { Quotas } from './quotas.ts';

/** Names a place without opening it, and so without waking FIFOs, devices or mounts. Linux; Node has no name for it. */
const O_PATH = 0o10000000;
/** Opens whatever it is that has this name, a symbolic link included. */
export const O_LOOK: number = O_PATH | constants.O_NOFOLLOW;
/** Opens a directory to walk from. */
export const O_WALK: number = O_PATH | constants.O_DIRECTORY;

/**
 * The path of an open descriptor itself. The kernel goes straight to the object, whatever has happened to its name
 * since: nothing is resolved again.
 */
export function self(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/**
 * The path of one entry of an open directory: what `openat` would do. Holds for a single component only; every path
 * that the file functions pass to the system is made here or by {@link self}.
 */
export function entry(directory: number, name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new Error(`not a path component: ${JSON.stringify(name)}`);
  }
  return `/proc/self/fd/${directory}/${name}`;
}

/** What the handles of one instance share. */
export interface HandleOwner {
  readonly host: WasiHost;
  readonly quotas: Quotas;
}

/**
 * An open descriptor of the system. The guest never sees its number, and a closed one is never used again: the
 * numbers belong to the whole process, where another plugin may have got the same one.
 */
export class Handle {
  readonly owner: HandleOwner;
  readonly #forget: () => boolean;
  #fd: number | 'closed';
  #users = 1;

  /** @throws {WitError} the error of the system, or `quota`. */
  constructor(owner: HandleOwner, path: string, flags: number, mode?: number) {
    assertStackRoom();
    owner.quotas.open();
    try {
      this.#fd = syscall(() => openSync(path, flags, mode));
    } catch (error) {
      owner.quotas.close();
      throw error;
    }
    this.owner = owner;
    this.#forget = owner.host.atEnd(() => this.#close());
  }

  get fd(): number {
    if (this.#fd === 'closed') throw fsError('bad-descriptor');
    return this.#fd;
  }

  /** One more resource uses it: a stream outlives the descriptor that it came from. */
  retain(): this {
    this.#users++;
    return this;
  }

  /** One resource less; the last one closes it. */
  release(): void {
    assertStackRoom();
    if (--this.#users > 0) return;
    this.#forget();
    this.#close();
  }

  #close(): void {
    if (this.#fd === 'closed') return;
    const fd = this.#fd;
    this.#fd = 'closed';
    this.owner.quotas.close();
    closeSync(fd);
  }
}
