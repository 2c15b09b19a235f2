import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isError } from '../text/is-error.ts';

const EXTENSION = '.wasm';

/** What a plugin's files look like from outside; another signature means that they may hold something else. */
export type Signature = string;

/** Nothing can be said about a plugin whose whole directory is gone. */
export const LOST: Signature = 'lost';

/** The component of a plugin in a directory. */
export function componentPath(directory: string, name: string): string {
  return join(directory, `${name}${EXTENSION}`);
}

/** Where a plugin's options stand, if it has any. */
export function optionsPath(directory: string, name: string): string {
  return join(directory, `${name}.json`);
}

/**
 * The plugins in a directory: every `NAME.wasm` that is a file or leads to one, with its signature.
 *
 * @throws the system's error when there is no such directory.
 */
export async function takeSnapshot(directory: string): Promise<Map<string, Signature>> {
  const names = (await readdir(directory))
    // Hidden files are those that a copy or an editor writes before it renames them.
    .filter((file) => file.endsWith(EXTENSION) && !file.startsWith('.'))
    .map((file) => file.slice(0, -EXTENSION.length));
  const signatures = await Promise.all(names.map((name) => signatureOf(directory, name)));
  const snapshot = new Map<string, Signature>();
  for (const [index, name] of names.entries()) {
    const signature = signatures[index];
    if (signature !== undefined) snapshot.set(name, signature);
  }
  return snapshot;
}

/** Where the signature of a plugin's component lies, if it is signed. */
export function signedPath(directory: string, name: string): string {
  return `${componentPath(directory, name)}.sig`;
}

/** What one plugin looks like; undefined when there is none, {@link LOST} when there is not even a directory. */
export async function signatureOf(directory: string, name: string): Promise<Signature | undefined> {
  const [component, signed, options] = await Promise.all([
    fileSignature(componentPath(directory, name)),
    fileSignature(signedPath(directory, name)),
    optionsSignature(optionsPath(directory, name)),
  ]);
  if (component !== undefined) return `${component} ${signed ?? '-'} ${options ?? '-'}`;
  return identityOf(directory).then(
    () => undefined,
    () => LOST,
  );
}

/** Whether a plugin that looks like this has an option file. */
export function hasOptions(signature: Signature): boolean {
  return !signature.endsWith(' -');
}

/** Which directory a path leads to now: another one after it was replaced, or a link to it was changed. */
export async function identityOf(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true });
  return `${dev}:${ino}`;
}

async function fileSignature(path: string): Promise<Signature | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) return undefined;
    // The time of change as well: the time of modification is what a copy may set as it likes.
    return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
  } catch (error) {
    // Only what is known to be gone is gone; the rest fails when it is read, and says why.
    return isGone(error) ? undefined : 'unreadable';
  }
}

/**
 * The signature of an option file; undefined when the directory has nothing of that name. A pipe, a device, a directory
 * and a link that leads nowhere are there, and what they were to say may have been a narrower policy: they fail when they
 * are read, and nothing is loaded without them.
 */
async function optionsSignature(path: string): Promise<Signature | undefined> {
  const file = await fileSignature(path);
  if (file !== undefined) return file;
  try {
    const { dev, ino, ctimeNs } = await lstat(path, { bigint: true });
    return ['unusable', dev, ino, ctimeNs].join(':');
  } catch (error) {
    return isGone(error) ? undefined : 'unreadable';
  }
}

function isGone(error: unknown): boolean {
  const code = isError(error) && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}
