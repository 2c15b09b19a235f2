import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidArgument } from '../arguments/arguments.ts';
import { readRegularFile } from '../arguments/regular-file.ts';
import { describe, PluginError } from '../errors.ts';

/**
 * Where WIT is: the path of a directory with the packages that it uses in `deps`, of a `.wit` file, or of a package as `wkg wit
 * build` makes it.
 *
 * @example
 * const wit: WitSource = new URL('./wit', import.meta.url);
 * await engine.loadPlugin('shop', 'shop.wasm', { world: 'acme:app/plugin', wit });
 */
export type WitSource = string | URL;

/** WIT as it goes to the compile worker: text, or a package of the binary format. */
export type WitContent = { readonly text: string } | { readonly base64: string };

/** Bytes of all files together. */
const MAX_BYTES = 4 * 1024 * 1024;
const FILE = /\.wit$/;
/** The statement that names the package of a file. */
const PACKAGE = /^[ \t]*package[ \t]+([^\s;{@]+)(?:@([^\s;{]+))?[ \t]*;/m;

/**
 * Reads WIT: of a directory its files, which are one package, and the packages in its `deps`.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for what cannot be read.
 */
export async function readWit(source: WitSource): Promise<WitContent> {
  if (typeof source !== 'string' && !(source instanceof URL)) throw invalidArgument('wit', 'a path', source);
  const path = typeof source === 'string' ? source : fileURLToPath(source);
  try {
    if ((await stat(path)).isDirectory()) return { text: await readPackages(path) };
    const bytes = Buffer.from(await readRegularFile(path, MAX_BYTES));
    return bytes[0] === 0 ? { base64: bytes.toString('base64') } : { text: bytes.toString('utf8') };
  } catch (error) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `The WIT cannot be read: ${describe(error)}`, {
      hint: '`wit` is a directory of .wit files with the packages that they use in `deps`, a .wit file, or a package that `wkg wit build` made.',
      cause: error,
    });
  }
}

/** One document: the package of the directory, and each package of `deps` in braces. */
async function readPackages(directory: string): Promise<string> {
  const parts = [await readPackage(directory)];
  if (parts[0]!.text === '') throw new Error('the directory has no .wit files');
  const deps = join(directory, 'deps');
  const entries = await readdir(deps, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(deps, entry.name);
    if (entry.isDirectory()) parts.push(await readPackage(path));
    else if (FILE.test(entry.name)) parts.push(unpacked([await readText(path)]));
  }
  const [{ name, text }, ...others] = parts as [Package, ...Package[]];
  return `${name === '' ? '' : `package ${name};\n`}${text}\n${others
    .map((other) => `package ${other.name} {\n${other.text}\n}\n`)
    .join('')}`;
}

interface Package {
  /** With its version; empty where no file says it. */
  readonly name: string;
  readonly text: string;
}

/** The name and the version of the package that a text begins with. */
export function packageOf(text: string): { readonly name: string; readonly version: string | undefined } | undefined {
  const found = PACKAGE.exec(text);
  return found === null ? undefined : { name: found[1]!, version: found[2] };
}

async function readPackage(directory: string): Promise<Package> {
  const names = (await readdir(directory)).filter((name) => FILE.test(name)).sort();
  return unpacked(await Promise.all(names.map((name) => readText(join(directory, name)))));
}

/** The files of one package, without the statements that say which. */
function unpacked(texts: readonly string[]): Package {
  const { name = '', version } = texts.map(packageOf).find((found) => found !== undefined) ?? {};
  return { name: nameOf(name, version), text: texts.map((text) => text.replace(PACKAGE, '')).join('\n') };
}

/** `acme:app@1.0.0` */
export function nameOf(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name}@${version}`;
}

async function readText(path: string): Promise<string> {
  return Buffer.from(await readRegularFile(path, MAX_BYTES)).toString('utf8');
}
