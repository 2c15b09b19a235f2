import { PluginError } from '../errors.ts';
import { unsupportedNode } from '../package/node-version.ts';
import { systemReason } from '../text/system-error.ts';

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

/**
 * Refuses a process whose working directory was removed: no thread of Node starts there.
 *
 * @throws {PluginError} `ERR_UNSUPPORTED_ENVIRONMENT`.
 */
export function assertDirectory(): void {
  try {
    process.cwd();
  } catch (error) {
    if (systemReason(error) === undefined) throw error;
    throw unsupported(
      'The working directory of the process is not there any more, and Node starts no thread without one',
      'Change into a directory that is there (`process.chdir`).',
    );
  }
}

function unsupported(message: string, hint: string): PluginError {
  const error = new PluginError('ERR_UNSUPPORTED_ENVIRONMENT', message, { hint });
  // Where in this file it was thrown is of no use to anybody, and this is mostly seen as what ended a program.
  error.stack = `${error.name} [${error.code}]: ${message}. ${hint}`;
  return error;
}

assertNode();
