import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const LIBRARY = new URL('../../src/index.ts', import.meta.url).href;

/** What `npm install` would do in a new project, with the packages of this repository and this library. */
export async function installPackages(project: string, packages: readonly string[]): Promise<void> {
  for (const name of packages) {
    const place = join(project, 'node_modules', name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(join(MODULES, name), place);
  }
  const library = join(project, 'node_modules/wasm-plugin-pool');
  await mkdir(library, { recursive: true });
  await writeFile(join(library, 'package.json'), '{"type":"module","exports":"./index.js"}');
  await writeFile(join(library, 'index.js'), `export * from '${LIBRARY}';\n`);
}

/** Runs a program in a folder, with a folder of programs before the others; rejects if it fails, with what it said. */
export function runIn(folder: string, file: string, args: readonly string[], path = ''): Promise<string> {
  const env = { ...process.env, PATH: `${path}${delimiter}${process.env.PATH}`, NO_COLOR: '1', NODE_OPTIONS: '' };
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd: folder, env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}${stderr}`));
    });
  });
}
