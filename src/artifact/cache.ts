import type { Buffer } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type WriteFileAtomic from 'write-file-atomic';
import { requireDependency } from '../package/root.ts';
import type { Artifact } from './artifact.ts';
import { decodeArtifact, encodeArtifact } from './codec.ts';

/** Milliseconds after which reading an entry is noted in its file; not each time, which would cost a write. */
const TOUCH_AFTER_MS = 3_600_000;

/**
 * Artifacts on disk, one file each. It is a cache: whatever goes wrong with it (damaged entries, a full or read-only
 * disk) costs a compilation and nothing else.
 *
 * Entries hold JavaScript that runs with the rights of the process. A checksum says that an entry is whole, not who
 * wrote it; that is what owner and mode are for. On Windows, where neither means anything, it rests on the profile
 * directory being the user's own.
 */
export class ArtifactCache {
  readonly #directory: string;
  #warned: 'no' | 'yes' = 'no';

  constructor(directory: string) {
    this.#directory = resolve(directory);
  }

  /** The entry of a key; undefined when there is none that can be trusted. */
  async get(key: string): Promise<Artifact | undefined> {
    try {
      if (!(await this.#isPrivate())) return undefined;
      const file = await readPrivateFile(this.#path(key));
      return file === undefined ? undefined : await decodeArtifact(file, key);
    } catch {
      return undefined;
    }
  }

  /** Writes an entry in one step, so that nobody reads half of it. */
  async set(artifact: Artifact): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      if (!(await this.#isPrivate())) return;
      const writeFileAtomic = requireDependency<typeof WriteFileAtomic>('write-file-atomic');
      // Node's permission model has no `fsync`. What a power cut makes of a file, its reader sees, and compiles again.
      const how = { mode: 0o600, fsync: process.permission === undefined, ...ownership() };
      await writeFileAtomic(this.#path(artifact.key), await encodeArtifact(artifact), how);
    } catch {
      // The next process compiles again.
    }
  }

  #path(key: string): string {
    return join(this.#directory, `${key}.artifact`);
  }

  async #isPrivate(): Promise<boolean> {
    if (isPrivate(await stat(this.#directory))) return true;
    if (this.#warned === 'no') {
      this.#warned = 'yes';
      process.emitWarning(
        `The cache directory ${this.#directory} belongs to another user or is writable by others; plugins are compiled without it`,
        { code: 'WASM_PLUGIN_POOL_CACHE', detail: 'Make it yours (`chmod 700`), or set `cacheDirectory`.' },
      );
    }
    return false;
  }
}

async function readPrivateFile(path: string): Promise<Buffer<ArrayBuffer> | undefined> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await file.stat();
    if (!stats.isFile() || !isPrivate(stats)) return undefined;
    const now = new Date();
    // For `pruneCache`, which goes by the time of the last use; a disk that is read-only does not have one.
    if (now.getTime() - stats.mtimeMs > TOUCH_AFTER_MS) await file.utimes(now, now).catch(() => {});
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Without it the new file would inherit the owner of the one that it replaces. */
function ownership(): { chown?: { uid: number; gid: number } } {
  if (process.getuid === undefined || process.getgid === undefined) return {};
  return { chown: { uid: process.getuid(), gid: process.getgid() } };
}

/** Whether only this user can have written it. */
function isPrivate(stats: Stats): boolean {
  return process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & 0o022) === 0);
}
