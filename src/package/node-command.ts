import { isSea } from 'node:sea';
import { PluginError } from '../errors.ts';

/**
 * The command that starts another Node.
 *
 * @throws {PluginError} `ERR_UNSUPPORTED_ENVIRONMENT` in a single executable, which would start the program again.
 */
export function nodeCommand(): string {
  if (!isSea()) return process.execPath;
  throw new PluginError(
    'ERR_UNSUPPORTED_ENVIRONMENT',
    'The program is a single executable, which has no Node to start a process with',
    {
      hint: 'Without the option `isolation`, and with `compile: "trusted"` for components whose makers you trust, none is started.',
    },
  );
}
