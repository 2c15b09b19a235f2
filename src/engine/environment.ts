import { PluginError } from '../errors.ts';
import { unsupportedNode } from '../package/node-version.ts';

/**
 * Refuses a process in which no engine can run. `index.ts` imports this first, so that it is said before anything that an older Node lacks
 * is used.
 *
 * @throws {PluginError} `ERR_UNSUPPORTED_ENVIRONMENT`.
 */
function assertNode(): void {
  const message = unsupportedNode();
  if (message !== undefined) throw unsupported(message, 'Install a newer Node.');
}

/**
 * Refuses a process that may start no threads.
 *
 * @throws {PluginError} `ERR_UNSUPPORTED_ENVIRONMENT`.
 */
export function assertThreads(): void {
  if (process.permission === undefined || process.permission.has('worker')) return;
  throw unsupported(
    'The process runs with `--permission` and may start no threads, in which plugins run',
    'Give it `--allow-worker`, `--allow-fs-read` for the package, the plugins and the cache, and `--allow-fs-write` for the cache.',
  );
}

function unsupported(message: string, hint: string): PluginError {
  const error = new PluginError('ERR_UNSUPPORTED_ENVIRONMENT', message, { hint });
  // Where in this file it was thrown is of no use to anybody, and this is mostly seen as what ended a program.
  error.stack = `${error.name} [${error.code}]: ${message}. ${hint}`;
  return error;
}

assertNode();
