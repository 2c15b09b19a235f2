import { glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorldName } from '../../componentize/componentize.ts';
import { codeFile } from '../../package/root.ts';
import { isError } from '../../text/is-error.ts';
import { BuildError } from './build-error.ts';
import type { Project } from './project.ts';

/** The part of `componentize-qjs` that is used here. */
interface ComponentizeQjs {
  componentize(options: {
    readonly witPath: string;
    readonly jsSource: string;
    readonly jsPath: string;
    readonly moduleRoot: string;
    readonly world: string;
    readonly sync: boolean;
  }): Promise<{ readonly component: Uint8Array }>;
}

/** What a plugin imports as `wasm-plugin-pool/plugin`. */
const AUTHORS_MODULE = codeFile('src/guest/define-plugin');

/**
 * Builds a plugin in JavaScript or TypeScript: the component holds QuickJS with the plugin loaded. Its bytes differ from
 * build to build.
 *
 * The modules are first copied to `build/`, with their types replaced by blanks. So every line and column stays where
 * it was, and the stack in a trap's log reads `at process (/build/src/plugin.ts:12:5)` without a source map.
 *
 * @param tool The folder of the package `componentize-qjs`.
 * @param wit The folder of the contract.
 * @throws {BuildError} with what the tools say.
 */
export async function buildJavaScript(
  { folder, sources, entry }: Project,
  tool: string,
  wit: string,
  world: WorldName,
): Promise<Uint8Array> {
  const { componentize } = createRequire(import.meta.url)(tool) as ComponentizeQjs;
  const stage = join(folder, 'build');
  await rm(join(stage, sources), { recursive: true, force: true });
  for await (const path of glob(`${sources}/**/*.{js,mjs,ts,mts,json}`, {
    cwd: folder,
    exclude: (name) => /\.d\.m?ts$/.test(String(name)),
  })) {
    await place(join(stage, path), await plain(join(folder, path)));
  }
  // Beside the sources, and so before what npm has installed: that may be a link that leads out of the project.
  await place(join(stage, 'package.json'), '{"type":"module"}');
  const authors = join(stage, 'node_modules/wasm-plugin-pool');
  await place(join(authors, 'package.json'), '{"type":"module","exports":{"./plugin":"./plugin.js"}}');
  await place(join(authors, 'plugin.js'), await plain(fileURLToPath(AUTHORS_MODULE)));
  const jsPath = join(stage, entry);
  try {
    const { component } = await componentize({
      witPath: wit,
      jsSource: await readFile(jsPath, 'utf8'),
      jsPath,
      // The whole project, for packages in its node_modules.
      moduleRoot: folder,
      world,
      // The contract's functions are done when they return: built-ins of async would only be imported.
      sync: true,
    });
    return component;
  } catch (error) {
    throw new BuildError(isError(error) ? error.message : String(error));
  }
}

async function place(path: string, contents: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}

/** A module's text without types. */
async function plain(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  if (!/\.m?ts$/.test(path)) return text;
  try {
    return withoutWarnings(() => stripTypeScriptTypes(text));
  } catch (error) {
    throw new BuildError(`${path}: ${isError(error) ? error.message : String(error)}`);
  }
}

/** Node still calls the stripping of types experimental; nobody who builds a plugin needs to hear that. */
function withoutWarnings<Result>(run: () => Result): Result {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}
