import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import koffi from 'koffi';
import type { Candidate } from '../../../src/bench/scenario.ts';

const SOURCE = fileURLToPath(new URL('./rot13.c', import.meta.url));

/** Native code in a shared library, called through koffi in the main thread. A bug in it is a bug in the process. */
export async function open(): Promise<Candidate> {
  const directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
  const file = join(directory, 'librot13.so');
  await promisify(execFile)('cc', ['-O2', '-shared', '-fPIC', '-o', file, SOURCE]);
  const library = koffi.load(file);
  const rot13 = library.func('void rot13(void *text, size_t length)');
  return {
    process(input) {
      const bytes = Buffer.from(input);
      rot13(bytes, bytes.length);
      return bytes.toString();
    },
    close: () => rm(directory, { recursive: true }),
  };
}
