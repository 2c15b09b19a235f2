import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Has the tests use an installed package instead of the sources: `WASM_PLUGIN_POOL_INSTALLED` is its folder, and what
 * a test takes from `src/` or `workers/` comes from the package's `dist/` if it is a file there: the engine, the command
 * line, what runs in threads, jco's parts. Of the rest, which is somewhere in a bundle, it gets the source. Loaded with
 * `--import` in `NODE_OPTIONS`, so that it holds in threads and processes that tests start, too. `.ci/run` does that with
 * the packed package.
 */
const folder = process.env.WASM_PLUGIN_POOL_INSTALLED;
if (folder === undefined) throw new Error('WASM_PLUGIN_POOL_INSTALLED has to be the folder of the installed package');
const sources = new URL('../../', import.meta.url).href;
const built = pathToFileURL(`${folder}/dist/`).href;

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    if (!resolved.url.startsWith(sources)) return resolved;
    const path = resolved.url.slice(sources.length);
    if (!/^(src|workers)\/.*\.ts$/.test(path)) return resolved;
    const url = `${built}${path.slice(0, -'ts'.length)}js`;
    return existsSync(fileURLToPath(url)) ? { ...resolved, url, format: 'module' } : resolved;
  },
});
