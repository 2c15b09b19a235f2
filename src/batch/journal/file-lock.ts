import type { BigIntStats } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { defaultCacheDirectory } from '../../artifact/cache-directory.ts';
import { PluginError } from '../../errors.ts';
import { type Lock, takeLocks } from './lock.ts';
import { absent } from './private-file.ts';

/**
 * Takes the locks of files by what they are and not by what they are called: two hard links are one file. They are in a
 * folder of the user's, because what two names have in common is no folder.
 *
 * @param paths Of files; one that takes its place only when it is whole has no other name yet.
 * @throws {PluginError} `ERR_BATCH_JOURNAL` when another run writes one of them under another name; then none is taken.
 */
export async function takeFileLocks(paths: readonly string[]): Promise<Lock> {
  const files = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(absent)));
  const regular = files.filter((file) => file?.isFile() === true) as BigIntStats[];
  const folder = lockFolder();
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const shared = paths[files.findIndex((file) => file?.isFile() === true && file.nlink > 1n)];
    // Who has no folder of his own can still be sure of a file with one name.
    if (shared === undefined) return { release: async () => {} };
    throw new PluginError(
      'ERR_BATCH_JOURNAL',
      `\`${shared}\` has several names, and \`${folder}\` cannot hold its lock`,
      {
        hint: 'Give the run an output with one name, or make that folder writable.',
        cause: error,
      },
    );
  }
  return takeLocks([...new Set(regular.map(({ dev, ino }) => join(folder, `${dev}-${ino}`)))]).catch(
    (error: unknown) => {
      if (!(error instanceof PluginError)) throw error;
      const names = paths.map((path) => `\`${path}\``).join(' or ');
      throw new PluginError(error.code, `Another run writes to ${names} under another name: ${error.message}`, {
        hint: error.hint,
        cause: error,
      });
    },
  );
}

function lockFolder(): string {
  const folder = defaultCacheDirectory() ?? join(tmpdir(), `wasm-plugin-pool-${userInfo().uid}`);
  return `${folder}-locks`;
}
