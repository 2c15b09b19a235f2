import { lstat } from 'node:fs/promises';
import { isError } from '../../text/is-error.ts';
import { cleanLogLine } from '../../text/log-line.ts';
import type { ResolvedPolicy } from './policy.ts';

/**
 * Says which granted directories are not there, where a component asks for files at all. They are not mounted, and the
 * plugin loads without them: `standard` grants directories that few machines have. Whatever else is wrong with a
 * directory keeps the plugin from loading.
 *
 * @param imports The names of the interfaces of WASI that the component imports.
 */
export async function missingDirectories(
  { allowFsRead, allowFsWrite }: Pick<ResolvedPolicy, 'allowFsRead' | 'allowFsWrite'>,
  imports: readonly string[],
): Promise<readonly string[]> {
  if (!imports.some((name) => name.startsWith('wasi:filesystem/'))) return [];
  const directories = new Set([...allowFsRead, ...allowFsWrite].map(({ directory }) => directory));
  const missing = await Promise.all([...directories].map(async (path) => ((await isMissing(path)) ? [path] : [])));
  return missing.flat().map((path) => `The granted directory ${cleanLogLine(path)} does not exist: it is not mounted`);
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return isError(error) && 'code' in error && error.code === 'ENOENT';
  }
}
