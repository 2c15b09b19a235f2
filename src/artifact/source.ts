import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { invalidArgument } from '../arguments/arguments.ts';
import { PluginError } from '../errors.ts';
import { cleanLogLine } from '../text/log-line.ts';

/** A path, a `file:` URL, or the bytes of a component. */
export type PluginSource = string | URL | Uint8Array;

/** Larger than any plugin in use (a Python interpreter takes 40 MiB); transpiling takes several times as much memory. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * The bytes of a component, from a file or from the caller's memory.
 *
 * @param source A path, a `file:` URL, or the bytes; bytes are copied, so that what is compiled is what was hashed.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when there is nothing to read, or more than 256 MiB.
 */
export async function readSource(source: PluginSource): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof Uint8Array) {
    assertSize('The component', source.byteLength);
    return new Uint8Array(source);
  }
  const path = pathOf(source);
  const file = await openFile(path);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw unreadable(path, 'it is a directory', 'Name the `.wasm` file in it.');
    if (!stats.isFile()) throw unreadable(path, 'it is not a regular file');
    assertSize(`The file \`${cleanLogLine(path)}\``, stats.size);
    return await file.readFile();
  } catch (error) {
    throw error instanceof PluginError ? error : unreadable(path, reason(error), undefined, error);
  } finally {
    await file.close();
  }
}

function pathOf(source: unknown): string {
  if (typeof source === 'string' && source !== '' && !source.includes('\0')) return source;
  if (source instanceof URL && source.protocol === 'file:') return fileURLToPath(source);
  throw invalidArgument('source', 'the path of a file, a `file:` URL or a Uint8Array', source);
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(path, reason(error), undefined, error);
  }
}

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'a part of its path is not a directory'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'permission is denied'],
  ['EPERM', 'permission is denied'],
  ['ELOOP', 'its path has too many symbolic links'],
  ['ENAMETOOLONG', 'its name is too long'],
  ['EMFILE', 'the process has too many open files'],
]);

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return REASONS.get(code) ?? `the system says ${String(code ?? 'nothing')}`;
}

function unreadable(path: string, why: string, hint?: string, cause?: unknown): PluginError {
  return new PluginError('ERR_INVALID_ARGUMENT', `Cannot read the plugin \`${cleanLogLine(path)}\`: ${why}`, {
    hint,
    cause,
  });
}

function assertSize(what: string, bytes: number): void {
  if (bytes === 0) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${what} is empty`, {
      hint: 'Was the build that should have written it interrupted?',
    });
  }
  if (bytes > MAX_BYTES) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${what} has ${bytes} bytes; the limit is ${MAX_BYTES}`, {
      hint: 'Strip debug information, for instance with `wasm-tools strip`.',
    });
  }
}
