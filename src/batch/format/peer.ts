import { PluginError } from '../../errors.ts';

/**
 * Loads a package that only some formats take, and that whoever wants them installs.
 *
 * @param name What npm calls it.
 * @param what Takes it, for the error.
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` where it is not installed.
 */
export async function loadPeer<Module>(name: string, what: string): Promise<Module> {
  try {
    // By a name that no bundler sees: it would ask for packages that its program may have no use for.
    return (await import(name)) as Module;
  } catch (cause) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${what} needs the package ${name}, which is not installed`, {
      cause,
      hint: `Install it: npm install ${name}.`,
    });
  }
}
