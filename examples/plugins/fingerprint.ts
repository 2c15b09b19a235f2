import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** SHA-256 of bytes, in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of each file, by its path from `folder`. */
export async function hashFiles(folder: URL, paths: readonly string[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of [...paths].sort()) hashes[path] = sha256(await readFile(new URL(path, folder)));
  return hashes;
}

/** The version of a package as it is installed. */
export async function installedVersion(name: string): Promise<string> {
  let directory = new URL('.', import.meta.resolve(name));
  // Up to the package's own manifest: `exports` of most packages hide it, and folders inside may have one without a version.
  for (; directory.pathname !== '/'; directory = new URL('..', directory)) {
    const manifest = await readFile(new URL('package.json', directory), 'utf8').catch(() => '{}');
    const { version } = JSON.parse(manifest) as { version?: string };
    if (version !== undefined) return version;
  }
  throw new Error(`no package.json with a version belongs to ${name}`);
}
