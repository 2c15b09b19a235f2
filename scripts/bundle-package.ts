import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { withClassNames } from './bundle/class-names.ts';
import { ALONE, BENCHMARK, LIBRARY } from './bundle/entries.ts';
import { licencesOf } from './bundle/licences.ts';
import { ROOT } from './root.ts';

/**
 * Puts the code of the package together into few files, in `dist/` beside the declarations that the compiler has written: to
 * find, read and link a module costs Node up to half a millisecond, and an engine with its first thread has 290 of them.
 *
 * What runs in one thread is one bundle in pieces, so that each module is there once. What has a thread or a process of its
 * own is a bundle by itself.
 */

/** Leaves jco's parts in their folder, where `bundle-jco.ts` puts them. All that imports them is two folders below the package. */
const besideJco: Plugin = {
  name: 'beside-jco',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/jco\/(bindgen|wasm-tools)\.ts$/ }, ({ path }) => ({
      path: `../src/jco/${path.slice(path.lastIndexOf('/') + 1, -'.ts'.length)}.js`,
      external: true,
    }));
  },
};

/** Packages that every engine needs at once, and that cost more to find than to run. */
const smallPackages: Plugin = {
  name: 'small-packages',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^(eventemitter3|lru-cache)$/ }, ({ path }) => ({
      path: fileURLToPath(import.meta.resolve(path)),
    }));
  },
};

/** Has modules import another one, too. */
const importing = (target: string, modules: ReadonlySet<string>): Plugin => ({
  name: 'importing',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      if (!modules.has(path)) return undefined;
      return { contents: `${await readFile(path, 'utf8')}\nimport '${join(ROOT, target)}';`, loader: 'ts' };
    });
  },
});

async function bundle(name: string, entryPoints: readonly string[], more: BuildOptions = {}): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...entryPoints],
    outdir: 'dist',
    outbase: '.',
    chunkNames: `${name}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    packages: 'external',
    metafile: true,
    logLevel: 'warning',
    ...more,
    plugins: [besideJco, smallPackages, ...(more.plugins ?? [])],
  });
  return metafile!;
}

/** What is loaded when it is needed. */
function lazyModules({ inputs }: Metafile): Set<string> {
  const imports = Object.values(inputs).flatMap((input) => input.imports);
  return new Set(imports.filter(({ kind }) => kind === 'dynamic-import').map(({ path }) => join(ROOT, path)));
}

// A piece is what the same modules need. If all that is loaded later needs what a program loads first, that is one piece.
const lazy = lazyModules(await bundle('library', LIBRARY, { write: false }));
const metafiles = [await bundle('library', LIBRARY, { plugins: [importing('src/index.ts', lazy)] })];
metafiles.push(await bundle('benchmark', BENCHMARK));
for (const entry of ALONE) metafiles.push(await bundle('alone', [entry]));

for (const file of metafiles.flatMap(({ outputs }) => Object.keys(outputs))) {
  await writeFile(join(ROOT, file), withClassNames(await readFile(join(ROOT, file), 'utf8')));
}

const heading = 'Parts of these packages are in the bundles of this package.';
await writeFile(join(ROOT, 'dist/LICENSES.txt'), await licencesOf(metafiles, heading));
