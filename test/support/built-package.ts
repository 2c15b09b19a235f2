import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A folder with a program's `node_modules`, in which the package is as it is published. */
export interface Application {
  readonly folder: string;
  /** The folder of the package in it. */
  readonly packageFolder: string;
  remove(): Promise<void>;
}

/**
 * Makes a folder for a program that uses the built package: that of `WASM_PLUGIN_POOL_INSTALLED` where there is one, else
 * the sources as the compiler builds them, with the dependencies of this checkout.
 */
export async function makeApplication(): Promise<Application> {
  const top = await realpath(await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-')));
  const folder = join(top, 'app');
  const packageFolder = join(folder, 'node_modules/wasm-plugin-pool');
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  const installed = process.env.WASM_PLUGIN_POOL_INSTALLED;
  if (installed !== undefined) await cp(installed, packageFolder, { recursive: true });
  else {
    for (const part of ['package.json', 'wit']) {
      await cp(join(ROOT, part), join(packageFolder, part), { recursive: true });
    }
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(packageFolder, 'dist')], {
      cwd: ROOT,
    });
  }
  await symlink(
    installed === undefined ? join(ROOT, 'node_modules') : join(installed, '..'),
    join(packageFolder, 'node_modules'),
  );
  return { folder, packageFolder, remove: () => rm(top, { recursive: true, force: true }) };
}
