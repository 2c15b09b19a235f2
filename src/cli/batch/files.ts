import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure } from '../failure.ts';

/**
 * Makes sure that no two of the files are one: writing would destroy what is still to be read.
 *
 * @param files Option and path of each; `-` and devices may be given more than once.
 * @throws {Failure} with status 2.
 */
export async function assertDistinct(files: readonly (readonly [option: string, path: string])[]): Promise<void> {
  const seen = new Map<string, string>();
  for (const [option, path] of files) {
    const identity = await identityOf(path);
    if (identity === undefined) continue;
    const other = seen.get(identity);
    if (other !== undefined) throw new Failure(2, `\`${other}\` and \`${option}\` are the same file, \`${path}\`.`);
    seen.set(identity, option);
  }
}

async function identityOf(path: string): Promise<string | undefined> {
  if (path === '-') return undefined;
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    // It is not there yet.
    return resolve(path);
  }
}
