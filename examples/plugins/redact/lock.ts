import { readdir, readFile } from 'node:fs/promises';
import { hashFiles, installedVersion, sha256 } from '../fingerprint.ts';

/**
 * Says which sources and tools `redact.wasm` was built from. The binary is committed, since few who try the example have
 * clang; the lock lets anyone see, without clang, that it belongs to the sources beside it.
 */
export interface GuestLock {
  /** The tools, with their versions. */
  readonly tools: Readonly<Record<string, string>>;
  /** SHA-256 of each file that takes part in the build, by its path from here. */
  readonly inputs: Readonly<Record<string, string>>;
  /** SHA-256 of `redact.wasm`. */
  readonly output: string;
}

const folder: URL = new URL('./', import.meta.url);
/** The component that is committed. */
export const componentFile: URL = new URL('redact.wasm', folder);
/** The lock that belongs to it. */
export const lockFile: URL = new URL('guest.lock.json', folder);

/**
 * The lock of what lies on disk now.
 *
 * @param compiler The compiler's name and version.
 */
export async function createLock(compiler: string): Promise<GuestLock> {
  const sources = (await readdir(folder)).filter((name) => /\.[ch]$/.test(name));
  return {
    tools: { compiler, 'jco-transpile': await installedVersion('@bytecodealliance/jco-transpile') },
    inputs: await hashFiles(folder, [...sources, 'build.sh', '../componentize.ts', '../../../wit/plugin-system.wit']),
    output: sha256(await readFile(componentFile)),
  };
}
