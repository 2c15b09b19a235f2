import { glob, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { invalidArgument, nonEmptyString } from '../../arguments/arguments.ts';
import { PluginError } from '../../errors.ts';
import { isRemote } from '../remote/url.ts';
import { unusableFile } from './errors.ts';
import type { FileBatchOptions } from './options.ts';

/** More of them would make a journal of nothing else. */
const MOST = 10_000;
const PATTERN = /[*?[{]/;

/**
 * Puts the files in the place of the patterns among the inputs: those of one in the order of their names, by code units.
 * What the batch writes itself is in none, so that a run matches the same files when it goes on.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for a pattern without a file.
 */
export async function withInputPaths<Options extends FileBatchOptions>(options: Options): Promise<Options> {
  const given = inputPaths(options.input);
  // They are not read.
  if (options.retryDeadLetters) return options;
  const own = ownPaths(options);
  const input: string[] = [];
  for (const path of given) input.push(...(await expanded(path, own)));
  if (input.length > MOST) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `There are ${input.length} inputs; ${MOST} are the most`, {
      hint: 'Put files together, or run several batches.',
    });
  }
  return { ...options, input };
}

/** The inputs as they were given, one or several. */
export function inputPaths(given: unknown): readonly string[] {
  if (typeof given === 'string') return [nonEmptyString('input', given)];
  if (!Array.isArray(given) || given.length === 0) throw invalidArgument('input', 'a path, or an array of them', given);
  return given.map((path) => nonEmptyString('input', path));
}

async function expanded(path: string, own: ReadonlySet<string>): Promise<string[]> {
  // A file may be called like a pattern.
  if (!PATTERN.test(path) || isRemote(path) || (await exists(path))) return [path];
  const found: string[] = [];
  try {
    for await (const entry of glob(path)) {
      if (!own.has(resolve(entry)) && !(await stat(entry)).isDirectory()) found.push(entry);
    }
  } catch (error) {
    throw unusableFile('look for', path, error);
  }
  if (found.length === 0) throw unusableFile('read', path, 'there is no such file, and none that it matches');
  return found.sort((a, b) => (a < b ? -1 : 1));
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Files that the batch writes, which may lie among its inputs. */
function ownPaths({ output, deadLetter, journal }: FileBatchOptions): ReadonlySet<string> {
  const written = [output, deadLetter, typeof journal === 'string' ? journal : undefined]
    .filter((path) => typeof path === 'string' && path !== '-')
    .map((path) => resolve(path!));
  const beside = ['', '.journal', '.journal.new', '.journal.lock', '.lock', '.partial', '.retry', '.new'];
  return new Set(written.flatMap((path) => beside.map((end) => path + end)));
}
