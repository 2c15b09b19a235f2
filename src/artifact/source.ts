import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidArgument } from '../arguments/arguments.ts';
import { readRegularFile, UnreadableFile } from '../arguments/regular-file.ts';
import { PluginError } from '../errors.ts';
import { isReference } from '../oci/reference.ts';
import { isError } from '../text/is-error.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { systemHint } from '../text/system-error.ts';
import { copyInPieces } from './pieces.ts';

/**
 * A path, a `file:` URL, the bytes of a component, or where a registry has it: `oci://registry.example.org/acme/redact:1.2`, or
 * `…/redact@sha256:…` for what never changes.
 *
 * @example
 * const source: PluginSource = new URL('./redact.wasm', import.meta.url);
 * await engine.loadPlugin('redact', source);
 */
export type PluginSource = string | URL | Uint8Array;

/** Larger than any plugin in use (a Python interpreter takes 40 MiB); transpiling takes several times as much memory. */
export const MAX_BYTES: number = 256 * 1024 * 1024;

/**
 * The bytes of a component, from a file, a registry or the caller's memory.
 *
 * @param source Bytes are copied, so that what is compiled is what was hashed.
 * @param signal Ends a pull.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` when there is nothing to read, or more than 256 MiB; `ERR_REGISTRY`.
 */
export async function readSource(source: PluginSource, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof Uint8Array) {
    assertSize('The component', source.byteLength);
    const copy = new Uint8Array(source.byteLength);
    await copyInPieces(source, copy);
    return copy;
  }
  if (isReference(source)) {
    // What most programs have no use for.
    const { pullComponent } = await import('../oci/pull.ts');
    return (await pullComponent(source, MAX_BYTES, { signal })).bytes;
  }
  const path = pathOf(source);
  const bytes = await readRegularFile(path, MAX_BYTES).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  assertSize(`The file \`${cleanLogLine(path)}\``, bytes.length);
  return bytes;
}

/**
 * The source as it is meant now: a path that is relative is one of the folder that the process works in when it is given, and a
 * URL may be changed later. What is no source is left for {@link readSource} to refuse.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for a relative path where the working directory is gone.
 */
export function fixSource(source: PluginSource): PluginSource {
  if (source instanceof URL) return new URL(source);
  if (typeof source !== 'string' || source === '' || isReference(source)) return source;
  try {
    return resolve(source);
  } catch (error) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `Cannot find \`${cleanLogLine(source)}\`: ${NO_DIRECTORY}`, {
      hint: 'Give an absolute path, or start the program in a directory that exists.',
      cause: error,
    });
  }
}

const NO_DIRECTORY = 'the working directory of the process was removed';

function pathOf(source: unknown): string {
  if (typeof source === 'string' && source !== '' && !source.includes('\0')) return source;
  if (source instanceof URL && source.protocol === 'file:') return fileURLToPath(source);
  throw invalidArgument('source', 'the path of a file, a `file:` URL or a Uint8Array', source);
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
  const code = isError(error) && 'code' in error ? error.code : undefined;
  return REASONS.get(code) ?? `the system says ${String(code ?? 'nothing')}`;
}

function unreadable(path: string, error: unknown): PluginError {
  const why = error instanceof UnreadableFile ? error.message : reason(error);
  const message = `Cannot read the plugin \`${cleanLogLine(path)}\`: ${why}`;
  return new PluginError('ERR_INVALID_ARGUMENT', message, { hint: hintFor(error), cause: error });
}

function hintFor(error: unknown): string | undefined {
  if (!(error instanceof UnreadableFile)) return systemHint(error);
  if (error.is === 'directory') return 'Name the `.wasm` file in it.';
  return error.is === 'too-large' ? TOO_LARGE : undefined;
}

const TOO_LARGE = 'Strip debug information, for instance with `wasm-tools strip`.';

function assertSize(what: string, bytes: number): void {
  if (bytes === 0) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${what} is empty`, {
      hint: 'Was the build that should have written it interrupted?',
    });
  }
  if (bytes > MAX_BYTES) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${what} has ${bytes} bytes; the limit is ${MAX_BYTES}`, {
      hint: TOO_LARGE,
    });
  }
}
