import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../package/root.ts';

const NAME = 'wasm-plugin-pool';

/**
 * What a new project writes for this package, so that `npm install` there brings the one that made it: a version, an
 * archive, or a folder, as this one was installed.
 *
 * @param folder The project's, an absolute path: that of a file is written relative to it.
 */
export async function installedFrom(folder: string, own: string = fileURLToPath(packageRoot())): Promise<string> {
  const modules = dirname(resolve(own));
  const asked = modules.endsWith(`${sep}node_modules`) ? await askedFor(dirname(modules)) : undefined;
  // By hand in `node_modules`, for all users, or a clone: nothing says where else it could be had.
  if (asked === undefined) return file(folder, own);
  const path = /^file:(.*)$/.exec(asked)?.[1];
  return path === undefined ? asked : file(folder, isAbsolute(path) ? path : join(dirname(modules), path));
}

/** What the project asks for in which this package is installed. */
async function askedFor(project: string): Promise<string | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
    const { dependencies, devDependencies } = manifest as Record<string, Record<string, unknown> | undefined>;
    const asked = dependencies?.[NAME] ?? devDependencies?.[NAME];
    return typeof asked === 'string' ? asked : undefined;
  } catch {
    return undefined;
  }
}

function file(folder: string, path: string): string {
  return `file:${relative(folder, path).split(sep).join('/')}`;
}
