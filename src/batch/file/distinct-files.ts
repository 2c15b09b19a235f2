import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PluginError } from '../../errors.ts';
import { isRemote } from '../remote/url.ts';
import type { ResolvedFileBatchOptions } from './options.ts';

/** Makes sure that no two of the files are one: writing would destroy what is still to be read. */
export async function assertDistinct({
  inputs,
  output,
  deadLetter,
  journal,
  retryDeadLetters,
}: ResolvedFileBatchOptions): Promise<void> {
  const read = retryDeadLetters ? [] : inputs.map(({ path }) => ['input', path] as const);
  const written = [
    ['output', output.path],
    ['deadLetter', deadLetter?.path],
    ['journal', journal],
  ] as const;
  const seen = new Map<string, string>();
  for (const [name, path] of [...read, ...written]) {
    const identity = path === undefined || path === '-' ? undefined : await identityOf(path);
    if (identity === undefined) continue;
    const other = seen.get(identity);
    if (other === 'input' && name === 'input') {
      throw new PluginError('ERR_INVALID_ARGUMENT', `\`${path}\` is among the inputs twice`, {
        hint: 'Its records would run twice. Name it once, or make patterns that do not match the same files.',
      });
    }
    if (other !== undefined) {
      throw new PluginError('ERR_INVALID_ARGUMENT', `\`${other}\` and \`${name}\` are the same file, \`${path}\``);
    }
    seen.set(identity, name);
  }
}

/** Undefined for devices and pipes, which may be named more than once. */
async function identityOf(path: string): Promise<string | undefined> {
  if (isRemote(path)) return path;
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    // It is not there yet.
    return resolve(path);
  }
}
