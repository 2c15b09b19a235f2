import { glob, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTRACT_FILES, contractDirectory } from '../../package/contract-wit.ts';
import { packageRoot } from '../../package/root.ts';
import { Failure, fileFailure } from '../failure.ts';
import type { Language } from '../languages.ts';
import { installedFrom } from './installed-from.ts';

/** What `new` made. */
export interface NewProject {
  readonly name: string;
  readonly language: Language;
  /** An absolute path. */
  readonly folder: string;
  /** The files in it, by their paths from there. */
  readonly files: readonly string[];
}

/** A name that every one of the languages takes: lower case, digits, and single dashes inside. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const MAX_NAME = 64;

/** The name that the templates have: as they lie here, they are projects that build. */
const TEMPLATE_NAME = 'my-plugin';

/** This package among the dependencies of a template. */
const TEMPLATE_DEPENDENCY = /("wasm-plugin-pool": )"[^"]*"/;

/**
 * Makes a project from a template.
 *
 * @throws {Failure} with status 2 for a name that is none, or when the folder is there and has something in it.
 */
export async function createProject(path: string, language: Language): Promise<NewProject> {
  const folder = resolve(path);
  const name = basename(folder);
  if (!NAME.test(name) || name.length > MAX_NAME) {
    throw new Failure(
      2,
      `\`${name}\` cannot be the name of a plugin: it needs lower-case letters, digits and single dashes, at most ${MAX_NAME}, with a letter first.`,
    );
  }
  await claim(folder, path);
  const template = fileURLToPath(new URL(`templates/${language}/`, packageRoot()));
  const own = await installedFrom(folder);
  const files: string[] = [];
  const place = async (file: string, contents: string): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    // Never over a file that someone put there meanwhile.
    await writeFile(join(folder, file), contents, { flag: 'wx', mode: file.endsWith('.sh') ? 0o777 : 0o666 });
    files.push(file);
  };
  try {
    for await (const file of glob('**/*.*', { cwd: template, exclude: isLeftover })) {
      await place(file, filled(await readFile(join(template, file), 'utf8'), name, own));
    }
    // npm leaves `.gitignore` files out of packages.
    await place('.gitignore', await readFile(join(template, 'gitignore'), 'utf8'));
    for (const name of CONTRACT_FILES) {
      await place(`wit/${name}`, await readFile(new URL(name, contractDirectory()), 'utf8'));
    }
  } catch (error) {
    throw fileFailure('write into', path, error);
  }
  return { name, language, folder, files: files.sort() };
}

/** Makes the folder; one that is there has to be empty. */
async function claim(folder: string, path: string): Promise<void> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileFailure('make the folder', path, error);
    // Removing a folder fails unless it is an empty one: the look and the claim are one step.
    try {
      await rmdir(folder);
      await mkdir(folder);
    } catch {
      throw new Failure(2, `\`${path}\` is there already, and nothing in it is overwritten: give another folder.`);
    }
  }
}

/** What building a template in place leaves behind. */
function isLeftover(path: string): boolean {
  return /(^|[\\/])(build|target|node_modules|__pycache__)$/.test(path);
}

/** The text of a template with the name of the new plugin, its form as an identifier, and what installs this package. */
function filled(text: string, name: string, own: string): string {
  return text
    .replaceAll(TEMPLATE_NAME, name)
    .replaceAll(TEMPLATE_NAME.replace('-', '_'), name.replaceAll('-', '_'))
    .replace(TEMPLATE_DEPENDENCY, (_match, key: string) => `${key}${JSON.stringify(own)}`);
}
