import { rename, rm } from 'node:fs/promises';
import { createPrivate } from '../journal/private-file.ts';
import { type Sink, writeAll } from './sink.ts';

/**
 * A file that is whole or none: it is written beside its place, with `.partial`, and takes that when it is complete. What
 * was there stays until then.
 */
export async function openWholeFile(path: string): Promise<Sink> {
  const partial = `${path}.partial`;
  const file = await createPrivate(partial);
  let state: 'written' | 'complete' = 'written';
  return {
    write: (bytes, position) => writeAll(file, bytes, position),
    sync: () => (state === 'complete' ? Promise.resolve() : file.datasync()),
    cut: async () => {},
    finish: async () => {
      await file.datasync();
      await rename(partial, path);
      state = 'complete';
    },
    close: async () => {
      await file.close();
      if (state === 'written') await rm(partial, { force: true });
    },
  };
}
