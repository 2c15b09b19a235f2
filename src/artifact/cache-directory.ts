import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where artifacts are kept when nobody says otherwise: where the system wants caches of a user. Undefined for a user who
 * has no home, as in a container whose user id is in no `/etc/passwd`.
 *
 * Our own and not the package env-paths, which sets up stdin and stdout to learn the platform: a quarter of the time that
 * importing this library may take.
 */
export function defaultCacheDirectory(): string | undefined {
  const { env, platform } = process;
  if (platform === 'win32') return under(env.LOCALAPPDATA, ['AppData', 'Local'], ['wasm-plugin-pool', 'Cache']);
  if (platform === 'darwin') return under(undefined, ['Library', 'Caches'], ['wasm-plugin-pool']);
  // https://specifications.freedesktop.org/basedir-spec/latest/
  return under(env.XDG_CACHE_HOME, ['.cache'], ['wasm-plugin-pool']);
}

function under(set: string | undefined, inHome: readonly string[], own: readonly string[]): string | undefined {
  if (set !== undefined && isAbsolute(set)) return join(set, ...own);
  const home = homeOrNone();
  return home === undefined ? undefined : join(home, ...inHome, ...own);
}

function homeOrNone(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    // Neither `HOME` nor an entry in the system's list of users.
    return undefined;
  }
}
