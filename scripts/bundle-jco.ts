import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { JCO_VERSION } from '../src/jco/version.ts';

/**
 * Puts the parts of jco that are used into `dist/src/jco`, with their licences, so that the package needs no
 * jco-transpile: that asks for binaryen, 93 MB which nothing here runs. `npm run build` does it after the compiler.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'dist/src/jco');
const jco = dirname(findPackageJSON('@bytecodealliance/jco-transpile', import.meta.url)!);

const manifest = JSON.parse(await readFile(join(jco, 'package.json'), 'utf8')) as { version: string };
if (manifest.version !== JCO_VERSION) {
  throw new Error(`jco-transpile is ${manifest.version}, and src/jco/version.ts says ${JCO_VERSION}`);
}

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/jco/bindgen.ts', 'src/jco/wasm-tools.ts'],
  outdir: target,
  bundle: true,
  format: 'esm',
  target: 'node22',
  // And not the condition `node`: the shim of WASI for browsers holds everything in memory, starts no helper thread and
  // has no native parts. The tools read and write no files.
  platform: 'neutral',
  conditions: ['default'],
  external: ['node:*'],
  allowOverwrite: true,
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
});

for (const name of await readdir(join(jco, 'vendor'))) {
  if (/^(js-component-bindgen-component|wasm-tools)\.core\d*\.wasm$/.test(name)) {
    await copyFile(join(jco, 'vendor', name), join(target, name));
  }
}

const packages = new Set<string>();
for (const input of Object.keys(metafile.inputs)) {
  const file = findPackageJSON(pathToFileURL(join(root, input)));
  if (input.startsWith('node_modules') && file !== undefined) packages.add(dirname(file));
}

let licences = `The files in this folder are bundles of parts of these packages, with the modules in WebAssembly that they load.\n`;
for (const folder of [...packages].sort()) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  licences += `\n${'='.repeat(80)}\n${name} ${version}, ${license}\n\n${await readFile(join(folder, 'LICENSE'), 'utf8')}`;
}
await writeFile(join(target, 'LICENSES.txt'), licences);
