import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { componentize } from 'componentize-qjs';
import { pluginFiles } from '../../examples/plugins/files.ts';
import { buildAssemblyScript } from '../../src/cli/build/assemblyscript.ts';
import { rot13Bytes } from './rot13.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** A plugin in a language: what it does, and its component. */
export interface LanguagePlugin {
  /** Whether it does the work of the benchmarks, or does nothing with an empty input only. */
  readonly does: 'rot13' | 'nothing';
  /** The component: its path, or what makes it. */
  readonly component: string | (() => Promise<Uint8Array>);
}

/**
 * The same plugin in the languages that npm's packages alone can build; of the others the examples that are committed,
 * which have nothing to do when the input is empty.
 */
export const LANGUAGES: Readonly<Record<string, LanguagePlugin>> = {
  WAT: { does: 'rot13', component: () => rot13Bytes() },
  AssemblyScript: { does: 'rot13', component: assemblyScript },
  JavaScript: { does: 'rot13', component: javaScript },
  C: { does: 'nothing', component: fileURLToPath(pluginFiles.redact) },
  Rust: { does: 'nothing', component: fileURLToPath(pluginFiles.render) },
  Go: { does: 'nothing', component: fileURLToPath(pluginFiles.timestamps) },
};

/** The path of a language's component. What has to be built is built in another process, whose memory is not measured. */
export async function languageComponent(name: string, folder: string): Promise<string> {
  const { component } = LANGUAGES[name]!;
  if (typeof component === 'string') return component;
  const file = join(folder, `${name}.wasm`);
  await promisify(execFile)(process.execPath, [path('languages/build.ts'), name, file]);
  return file;
}

async function assemblyScript(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-bench-'));
  try {
    await copyFile(path('languages/assembly/plugin.ts'), join(folder, 'plugin.ts'));
    await copyFile(path('../../templates/assemblyscript/assembly/component.ts'), join(folder, 'component.ts'));
    return await buildAssemblyScript(
      folder,
      fileURLToPath(new URL('.', import.meta.resolve('assemblyscript/package.json'))),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function javaScript(): Promise<Uint8Array> {
  const jsPath = path('languages/rot13.js');
  const { component } = await componentize({
    witPath: path('../../wit'),
    jsSource: await readFile(jsPath, 'utf8'),
    jsPath,
    moduleRoot: path('languages'),
    world: 'plugin-world',
    // The default needs a host with the component model's async ABI.
    sync: true,
  });
  return component;
}
