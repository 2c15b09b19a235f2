import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { JCO_VERSION } from '../src/jco/version.ts';
import { licencesOf } from './bundle/licences.ts';
import { ROOT } from './root.ts';

/**
 * Puts the parts of jco that are used into `dist/src/jco`, with their licences, so that the package needs no
 * jco-transpile: that asks for binaryen, 93 MB which nothing here runs. `npm run build` does it after the compiler.
 */
const target = join(ROOT, 'dist/src/jco');
const jco = dirname(findPackageJSON('@bytecodealliance/jco-transpile', import.meta.url)!);

const manifest = JSON.parse(await readFile(join(jco, 'package.json'), 'utf8')) as { version: string };
if (manifest.version !== JCO_VERSION) {
  throw new Error(`jco-transpile is ${manifest.version}, and src/jco/version.ts says ${JCO_VERSION}`);
}

const { metafile } = await build({
  absWorkingDir: ROOT,
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

const heading =
  'The files in this folder are bundles of parts of these packages, with the modules in WebAssembly that they load.';
await writeFile(join(target, 'LICENSES.txt'), await licencesOf([metafile], heading));
