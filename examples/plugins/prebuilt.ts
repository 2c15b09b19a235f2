/**
 * The last step of the build scripts of plugins that are committed prebuilt: `prebuilt.ts NAME CORE.wasm TOOL [OUTPUT]`
 * makes the component, and the lock that vouches for it.
 */
import { glob, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ComponentizeOptions, componentize } from '../../src/componentize/componentize.ts';
import { hashFiles, installedVersion, sha256 } from './fingerprint.ts';

/**
 * Says which sources and tools a component was built from. It is committed, since few who try the example have its
 * toolchain; the lock lets anyone see, without that, that it belongs to the sources beside it.
 */
export interface PrebuiltLock {
  /** The tools, with their versions. */
  readonly tools: Readonly<Record<string, string>>;
  /** SHA-256 of each file that takes part in the build, by its path from the plugin's folder. */
  readonly inputs: Readonly<Record<string, string>>;
  /** SHA-256 of the component. */
  readonly output: string;
}

/** The plugins that are built so. */
export const PREBUILT = ['greys', 'render', 'timestamps'] as const;

/** The contract, from a plugin's folder. */
const CONTRACT = '../../../wit/plugin-system.wit';
/** The part of it that came later, for the plugins whose world is there. */
const LATER: Readonly<Record<string, readonly string[]>> = { greys: ['../../../wit/bytes-and-batches.wit'] };
/** Of those that are no plugins of `plugin-world`. */
const WORLDS: Readonly<Record<string, ComponentizeOptions['world']>> = { greys: 'plugin-bytes' };

/** The folder of a plugin. */
export function folderOf(name: string): URL {
  return new URL(`${name}/`, import.meta.url);
}

/**
 * The lock of what lies on disk now.
 *
 * @param compiler The compiler's name and version.
 */
export async function createLock(name: string, compiler: string): Promise<PrebuiltLock> {
  const folder = folderOf(name);
  const sources: string[] = [];
  // `exclude`: what `cargo test` leaves.
  const pattern = '**/*.{rs,go,mod,toml,lock,sh}';
  for await (const path of glob(pattern, { cwd: folder, exclude: (path) => path === 'target' })) sources.push(path);
  return {
    tools: { compiler, 'jco-transpile': await installedVersion('@bytecodealliance/jco-transpile') },
    inputs: await hashFiles(folder, [...sources, CONTRACT, ...(LATER[name] ?? [])]),
    output: sha256(await readFile(new URL(`${name}.wasm`, folder))),
  };
}

if (import.meta.main) {
  const [name, core, compiler, output] = process.argv.slice(2);
  if (name === undefined || core === undefined || compiler === undefined) {
    throw new Error('usage: prebuilt.ts NAME CORE.wasm TOOL [OUTPUT]');
  }
  const component = await componentize(await readFile(core), { world: WORLDS[name] ?? 'plugin-world' });
  if (output !== undefined) await writeFile(resolve(output), component);
  else {
    const folder = folderOf(name);
    await writeFile(new URL(`${name}.wasm`, folder), component);
    const lock = await createLock(name, compiler);
    await writeFile(new URL('guest.lock.json', folder), `${JSON.stringify(lock, undefined, 2)}\n`);
  }
}
