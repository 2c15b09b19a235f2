import { Command } from 'commander';
import { defaultCacheDirectory } from '../artifact/cache-directory.ts';
import { type CacheFile, listCache, pruneCache } from '../artifact/cache-files.ts';
import { Failure, fileFailure } from './failure.ts';
import { countOption } from './options.ts';
import { print, printJson } from './output.ts';
import { byteSize, counted } from './printable.ts';

interface CacheOptions {
  readonly directory?: string;
  readonly json?: true;
}

interface PruneOptions extends CacheOptions {
  readonly maxBytes: number;
  readonly maxAge: number;
}

const DAY_MS = 86_400_000;

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool cache list
  $ wasm-plugin-pool cache prune --max-age 7
  $ wasm-plugin-pool cache prune --max-bytes 0
  $ du -sh "$(wasm-plugin-pool cache path)"`;

/** `cache`: the compiled plugins on disk. */
export function cacheCommand(): Command {
  const cache = new Command('cache')
    .description('Show where compiled plugins are kept, list them, or remove old ones.')
    .addHelpText('after', EXAMPLES);
  const subcommands = [
    command('path', 'print the directory').action(async (options: CacheOptions) => {
      const { json } = options;
      const directory = directoryOf(options);
      await (json ? printJson({ directory }) : print(`${directory}\n`));
    }),
    command('list', 'show every compiled plugin, the one used last first').action(list),
    command('prune', 'remove what was not used for long, then the oldest until the rest fits')
      .addOption(countOption('--max-age <days>', 'days since the last use', { min: 0, max: 36_500 }).default(30))
      .addOption(
        countOption('--max-bytes <n>', 'bytes of all together', { min: 0, max: Number.MAX_SAFE_INTEGER }).default(
          512 * 1024 * 1024,
        ),
      )
      .action(prune),
  ];
  for (const subcommand of subcommands) cache.addCommand(subcommand);
  return cache;
}

function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--directory <path>', 'a cache directory that is not the default one', defaultCacheDirectory())
    .option('--json', 'print it as JSON');
}

function directoryOf({ directory }: CacheOptions): string {
  if (directory !== undefined) return directory;
  throw new Failure(2, 'The user has no home directory; give the cache with `--directory`, or set `HOME`.');
}

async function list(options: CacheOptions): Promise<void> {
  const { json } = options;
  const directory = directoryOf(options);
  const files = await orFail(directory, listCache(directory));
  if (json) return printJson(files);
  const rows = files.map(({ key, bytes, usedAt }) => {
    return `${key.slice(0, 12)}  ${byteSize(bytes).padStart(10)}  ${usedAt.toISOString().slice(0, 16).replace('T', ' ')}\n`;
  });
  return print(`${rows.join('')}${sum(files)} in ${directory}\n`);
}

async function prune(options: PruneOptions): Promise<void> {
  const { json, maxAge, maxBytes } = options;
  const directory = directoryOf(options);
  const removed = await orFail(directory, pruneCache(directory, { maxBytes, maxAgeMs: maxAge * DAY_MS }));
  if (json) return printJson({ removed, kept: await listCache(directory) });
  return print(`Removed ${sum(removed)}, kept ${sum(await listCache(directory))} in ${directory}\n`);
}

function sum(files: readonly CacheFile[]): string {
  const bytes = files.reduce((total, file) => total + file.bytes, 0);
  return `${counted(files.length, 'compiled plugin')} of ${byteSize(bytes)}`;
}

async function orFail<Result>(directory: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw fileFailure('use', directory, error);
  }
}
