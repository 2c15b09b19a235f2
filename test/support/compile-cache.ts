import module from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Has Node keep what it compiles, in this process and those that tests start: types are stripped from the sources once,
 * and not in each of a thousand processes and threads. `.mocharc.json` loads it first.
 */
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url));
module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
