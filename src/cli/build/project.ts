import { access, readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { contractDirectory } from '../../package/contract-wit.ts';
import { Failure } from '../failure.ts';

/** A language whose plugins npm's packages alone can build. */
type BuildLanguage = 'javascript' | 'typescript' | 'assemblyscript';

/** A project that can be built. */
export interface Project {
  /** An absolute path. */
  readonly folder: string;
  readonly language: BuildLanguage;
  /** The folder of the sources, from `folder`. */
  readonly sources: string;
  /** The file to begin with, from `folder`. */
  readonly entry: string;
  /** What the component is called: the name in package.json, or that of the folder. */
  readonly name: string;
}

const ENTRIES: readonly Pick<Project, 'language' | 'sources' | 'entry'>[] = [
  { language: 'assemblyscript', sources: 'assembly', entry: 'assembly/plugin.ts' },
  { language: 'typescript', sources: 'src', entry: 'src/plugin.ts' },
  { language: 'javascript', sources: 'src', entry: 'src/plugin.js' },
];

/** Projects that have a build script, by a file that gives them away. */
const OTHERS = new Map([
  ['Cargo.toml', 'Rust'],
  ['go.mod', 'Go'],
  ['plugin.c', 'C'],
  ['plugin.py', 'Python'],
]);

/**
 * Finds out what a folder holds.
 *
 * @throws {Failure} with status 2 when it is no project that can be built here.
 */
export async function findProject(path: string): Promise<Project> {
  const folder = resolve(path);
  for (const entry of ENTRIES) {
    if (await exists(join(folder, entry.entry))) return { ...entry, folder, name: await projectName(folder) };
  }
  for (const [file, language] of OTHERS) {
    if (!(await exists(join(folder, file)))) continue;
    throw new Failure(
      2,
      `\`${path}\` is a plugin in ${language}, which its own script builds: run \`sh build.sh\` there.`,
    );
  }
  const entries = ENTRIES.map(({ entry }) => `\`${entry}\``).join(', ');
  throw new Failure(2, `\`${path}\` has no plugin to build: found none of ${entries}. \`new\` begins one.`);
}

/**
 * Where a package lies that the user has installed, or this package beside it.
 *
 * @throws {Failure} with status 2 that says how to install it.
 */
export function findPackage(name: string, folder: string): string {
  for (const from of [pathToFileURL(join(folder, 'package.json')).href, import.meta.url]) {
    try {
      const manifest = findPackageJSON(name, from);
      if (manifest !== undefined) return manifest.slice(0, -'package.json'.length);
    } catch {
      // It throws for a package that is not there.
    }
  }
  throw new Failure(2, `The package \`${name}\` is missing: run \`npm install --save-dev ${name}\`.`);
}

/** The folder with the contract: that of the project, or of this package where the project has none. */
export async function contractFolder(folder: string): Promise<string> {
  const own = join(folder, 'wit');
  return (await exists(own)) ? own : fileURLToPath(contractDirectory());
}

async function projectName(folder: string): Promise<string> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  let name: unknown;
  try {
    ({ name } = JSON.parse(manifest) as { name?: unknown });
  } catch (error) {
    throw new Failure(2, `\`${join(folder, 'package.json')}\` is not JSON: ${String(error)}.`, error);
  }
  // A scope is no part of a file's name.
  return typeof name === 'string' && name !== '' ? basename(name) : basename(folder);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
