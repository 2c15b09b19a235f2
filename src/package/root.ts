import module from 'node:module';
import { extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PluginError } from '../errors.ts';
import { VERSION } from './version.ts';

/** Undefined in what a bundler has made CommonJS of. */
const HERE = import.meta.url as string | undefined;

/** Whether this code runs from its own file, and not from what a bundler has put together: the package's own or a program's. */
const BUNDLED = HERE === undefined || !/\/src\/package\/root\.[jt]s$/.test(HERE);

/** Where a bundled program was told that the package lies. */
let told: string | undefined;

/** Says where the package lies. Nobody has to but in a bundle, whose place is not the package's. */
export function usePackageDirectory(directory: string | URL): void {
  told = resolve(directory instanceof URL ? fileURLToPath(directory) : directory);
}

/**
 * The folder of this package, from its sources, from `dist/` and from a bundle alike.
 *
 * @throws {PluginError} `ERR_UNSUPPORTED_ENVIRONMENT` in a bundle that finds no package, or one of another version.
 */
export function packageRoot(): URL {
  // Not by name: it would keep a Node that is too old from getting as far as saying so (`node-version.ts`).
  const manifest = ownManifest() ?? manifestForBundle();
  return new URL('.', pathToFileURL(manifest));
}

/** Looks for the package before a thread needs it. @throws {PluginError} as {@link packageRoot}. */
export function assertPackage(): void {
  packageRoot();
}

/**
 * A file of this package's code that is to run in a thread or process of its own.
 *
 * @param path Below the package, without an extension: `workers/plugin-worker`. It is `.ts` when run from source and
 * `.js` when run from the package, where the workers are built beside the library.
 */
export function codeFile(path: string): URL {
  if (BUNDLED) return new URL(`dist/${path}.js`, packageRoot());
  return new URL(`../../${path}${extname(HERE!)}`, HERE);
}

/**
 * A package that this one depends on and that no bundle can hold: it is CommonJS that requires parts of Node, or has
 * files of its own that run in threads.
 */
export function requireDependency<Package>(name: string): Package {
  return module.createRequire(codeFile('src/index'))(name) as Package;
}

let own: string | false | undefined;

/** The `package.json` of this package, unless this code is in the bundle of a program. */
function ownManifest(): string | undefined {
  own ??= (HERE !== undefined && findOwnManifest(HERE)) || false;
  return own === false ? undefined : own;
}

function findOwnManifest(here: string): string | undefined {
  const path = module.findPackageJSON(here);
  return !BUNDLED || (path !== undefined && readManifest(path)?.name === 'wasm-plugin-pool') ? path : undefined;
}

let found: string | undefined;

/** The `package.json` of the package whose code is in the bundle of a program. */
function manifestForBundle(): string {
  if (told !== undefined) return checkedManifest(resolve(told, 'package.json'));
  found ??= checkedManifest(findManifest());
  return found;
}

/** As the program itself would find it: from the bundle, or else from the program's file upward. */
function findManifest(): string | undefined {
  const starts = [HERE, typeof __filename === 'string' ? __filename : undefined, process.argv[1], process.execPath];
  for (const start of starts) {
    if (start === undefined) continue;
    try {
      return module.createRequire(start).resolve('wasm-plugin-pool/package.json');
    } catch {}
  }
  return undefined;
}

function checkedManifest(path: string | undefined): string {
  const manifest = path === undefined ? undefined : readManifest(path);
  if (path === undefined || manifest?.name !== 'wasm-plugin-pool') {
    throw unsupported(
      told === undefined
        ? 'This program was bundled, and wasm-plugin-pool is not installed where it runs: its threads run files of the package'
        : `There is no wasm-plugin-pool in the option packageDirectory, ${JSON.stringify(told)}`,
    );
  }
  if (manifest.version !== VERSION) {
    throw unsupported(
      `This program was bundled with wasm-plugin-pool ${VERSION}, and ${manifest.version} is installed`,
    );
  }
  return path;
}

function readManifest(path: string): { readonly name?: unknown; readonly version?: unknown } | undefined {
  try {
    return module.createRequire(path)(path) as { name?: unknown; version?: unknown };
  } catch {
    return undefined;
  }
}

function unsupported(message: string): PluginError {
  return new PluginError('ERR_UNSUPPORTED_ENVIRONMENT', message, {
    hint: `Mark \`wasm-plugin-pool\` as external in the bundler, or install wasm-plugin-pool@${VERSION} where the program runs and name its folder with the option \`packageDirectory\`: see docs/bundlers.md.`,
  });
}
