import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { PluginError } from '../../errors.ts';

/** Not there on Windows. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
/** Opening a named pipe would wait for its other end, and nothing could end that. */
const NO_WAIT = constants.O_NONBLOCK ?? 0;

/**
 * Creates a file beside one that the user named. Anybody can guess its name, and put something there that leads
 * elsewhere; so links are not followed, and what is no file is left alone. A file that a killed run left is replaced.
 *
 * @throws {PluginError} `ERR_BATCH_JOURNAL` when something else is there.
 */
export async function createPrivate(path: string, mode = 0o666): Promise<FileHandle> {
  const stats = await lstat(path).catch(absent);
  if (stats !== undefined) {
    if (!stats.isFile()) throw noFile(path, stats);
    await rm(path);
  }
  return open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, mode);
}

/**
 * Reads a file that the user did not name.
 *
 * @param most Bytes that it may have.
 * @returns undefined where there is none.
 * @throws {PluginError} `ERR_BATCH_JOURNAL` when it is no regular file, or has more.
 */
export async function readPrivate(path: string, most: number): Promise<string | undefined> {
  const stats = await lstat(path).catch(absent);
  if (stats === undefined) return undefined;
  if (!stats.isFile()) throw noFile(path, stats);
  // It may have become something else meanwhile.
  const file = await open(path, constants.O_RDONLY | NO_FOLLOW | NO_WAIT).catch(absent);
  if (file === undefined) return undefined;
  try {
    const { size, ...now } = await file.stat();
    if (now.ino !== stats.ino) throw noFile(path, stats);
    if (size > most) {
      throw new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` has ${size} bytes; ${most} are the most`, {
        hint: 'It is none of ours; move it away.',
      });
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Undefined where nothing is there. */
export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function noFile(path: string, stats: Stats): PluginError {
  const what = stats.isSymbolicLink()
    ? 'a symbolic link'
    : stats.isFIFO()
      ? 'a named pipe'
      : stats.isDirectory()
        ? 'a directory'
        : 'no regular file';
  return new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is ${what}, and a file of the run belongs there`, {
    hint: 'Find out who put it there and remove it, or write the output into another directory.',
  });
}
