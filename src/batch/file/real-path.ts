import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { absent } from '../journal/private-file.ts';

/**
 * Where a path leads: links are followed, also those to a file that is not there yet. A path without links stays as it
 * is, which is how its user knows it.
 */
export async function realPath(path: string): Promise<string> {
  const found = await realpath(path).catch(absent);
  const real = found ?? (await unmade(path));
  return real === resolve(path) ? path : real;
}

async function unmade(path: string): Promise<string> {
  const target = await readlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EINVAL') return absent(error);
  });
  if (target !== undefined) return realPath(resolve(dirname(path), target));
  return join(await realpath(dirname(path)), basename(path));
}
