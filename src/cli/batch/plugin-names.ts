import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RequestOptions } from '../../contract/values.ts';
import { Failure } from '../failure.ts';
import { pluginName } from '../session.ts';

/** The plugins of a batch. */
export interface NamedPlugins {
  /** The one that records go to. */
  readonly main: string;
  /** Those that take the output of the one before. */
  readonly chain: readonly string[];
  /** The paths of all of them, by their names. */
  readonly paths: ReadonlyMap<string, string>;
}

/**
 * Gives each plugin of a command a name of its own. Those of `--then` are called by their files, with a number where
 * another file is called alike; the names of `--plugin` are the user's, and stand for one file each.
 *
 * @throws {Failure} with status 2 where a name would stand for two.
 */
export async function namePlugins(path: string, named: RequestOptions, then: readonly string[]): Promise<NamedPlugins> {
  const paths = new Map<string, string>();
  /** By what is really there: one file that is named twice is one plugin. */
  const names = new Map<string, string>();
  const add = async (name: string, file: string): Promise<void> => {
    paths.set(name, file);
    const real = await realOf(file);
    if (!names.has(real)) names.set(real, name);
  };
  const main = pluginName(path);
  await add(main, path);
  for (const [name, file] of named) {
    const other = paths.get(name);
    if (other !== undefined && (await realOf(other)) !== (await realOf(file))) {
      throw new Failure(
        2,
        `\`${name}\` is to be the name of \`${other}\` and of \`${file}\`; give one of them another.`,
      );
    }
    await add(name, file);
  }
  const chain: string[] = [];
  for (const file of then) {
    let name = names.get(await realOf(file));
    if (name === undefined) {
      name = unused(pluginName(file), paths);
      await add(name, file);
    }
    chain.push(name);
  }
  return { main, chain, paths };
}

function unused(name: string, taken: ReadonlyMap<string, string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}

/** What is not there is said when it is loaded. */
function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}
