import { isRemote } from '../remote/url.ts';
import { isOfLines } from './format.ts';
import { openInput } from './open-input.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { openRecords } from './reader.ts';
import { isRegular } from './sink.ts';

/**
 * Reads the first record of each file that has to be something as a whole: a table without the column that is asked for, or
 * what is not compressed as its name says, is found before anything is written, the last of many files too.
 *
 * @throws {PluginError} `ERR_BATCH_FILE`, as the run would when it gets there.
 */
export async function assertReadable(
  options: Pick<ResolvedFileBatchOptions, 'inputs' | 'options' | 'fields'>,
): Promise<void> {
  for (const file of options.inputs) {
    const { path, format, compression } = file;
    if (isOfLines(format) && compression === 'none') continue;
    // What comes once cannot be looked at.
    if (path === '-' || isRemote(path) || !(await isRegular(path))) continue;
    const input = await openInput(path, compression);
    try {
      await openRecords(input, { ...options, input: file }).next();
    } finally {
      input.close();
    }
  }
}
