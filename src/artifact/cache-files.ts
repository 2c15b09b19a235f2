import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isError } from '../text/is-error.ts';

/** One artifact on disk. */
export interface CacheFile {
  /** Names the artifact among all. */
  readonly key: string;
  readonly path: string;
  readonly bytes: number;
  /** When it was last read or written, to within an hour. */
  readonly usedAt: Date;
}

/** What may stay. */
export interface CacheLimits {
  readonly maxBytes: number;
  /** Milliseconds since an artifact was last used. */
  readonly maxAgeMs: number;
}

const ENTRY = /^([0-9a-f]{64})\.artifact$/;
/** What `write-file-atomic` leaves behind when its process ends while it writes. */
const TEMPORARY = /^[0-9a-f]{64}\.artifact\.\d+$/;
/** No write takes that long. */
const TEMPORARY_MS = 3_600_000;

/** The artifacts in a cache directory, the one used last first; none when there is no such directory. */
export async function listCache(directory: string): Promise<CacheFile[]> {
  const files = await filesIn(directory, ENTRY);
  return files.toSorted((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
}

/**
 * Removes what was not used for too long, and then what was not used for longest until the rest fits. Engines may be at
 * work meanwhile: one that has opened a file can still read it, and makes anew what it does not find.
 *
 * @returns What was removed.
 */
export async function pruneCache(directory: string, { maxBytes, maxAgeMs }: CacheLimits): Promise<CacheFile[]> {
  const now = Date.now();
  for (const file of await filesIn(directory, TEMPORARY)) {
    if (now - file.usedAt.getTime() > TEMPORARY_MS) await remove(file);
  }
  const removed: CacheFile[] = [];
  let bytes = 0;
  for (const file of await listCache(directory)) {
    const age = now - file.usedAt.getTime();
    // What is too large does not make smaller ones that were used before it go too.
    if (age <= maxAgeMs && bytes + file.bytes <= maxBytes) bytes += file.bytes;
    else if (await remove(file)) removed.push(file);
  }
  return removed;
}

async function filesIn(directory: string, pattern: RegExp): Promise<CacheFile[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
  const files: CacheFile[] = [];
  for (const name of names.filter((one) => pattern.test(one))) {
    const path = join(directory, name);
    try {
      const stats = await lstat(path);
      if (stats.isFile()) files.push({ key: name.slice(0, 64), path, bytes: stats.size, usedAt: stats.mtime });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return files;
}

async function remove({ path }: CacheFile): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'ENOENT';
}
