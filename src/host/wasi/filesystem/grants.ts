import { existsSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { PluginError } from '../../../errors.ts';
import type { DirectoryGrant, ResolvedPolicy } from '../../policy/policy.ts';
import { WitError } from '../../wit-error.ts';
import { OpenDirectory } from './directory.ts';
import { Handle, type HandleOwner, O_WALK, self } from './handle.ts';
import { hold, walk } from './walk.ts';

/** A granted directory, open, and the path under which the guest sees it. */
export interface Mount {
  readonly path: string;
  readonly directory: OpenDirectory;
}

/**
 * Opens the directories that a policy grants. One that does not exist is not mounted; one that is granted for reading
 * and for writing under the same path is mounted for writing.
 *
 * @param platform For tests.
 * @throws {PluginError} `ERR_CAPABILITY_DENIED` for a grant that cannot be kept: not on Linux, `/`, a path through a
 * symbolic link, a file, a pseudo file system such as `/proc`.
 */
export function openGrants(
  policy: ResolvedPolicy,
  owner: HandleOwner,
  platform: NodeJS.Platform = process.platform,
): Mount[] {
  const grants = [
    ...policy.allowFsRead.map((grant) => ({ grant, access: 'sealed' as const })),
    ...policy.allowFsWrite.map((grant) => ({ grant, access: 'writable' as const })),
  ];
  if (grants.length === 0) return [];
  if (platform !== 'linux' || !existsSync('/proc/self/fd')) {
    throw new PluginError(
      'ERR_CAPABILITY_DENIED',
      `Directories cannot be granted safely on ${platform} without /proc`,
      {
        hint: 'File grants need Linux with /proc mounted; remove `allowFsRead` and `allowFsWrite` from the policy.',
      },
    );
  }
  const mounts = new Map<string, Mount & { readonly grant: DirectoryGrant }>();
  for (const { grant, access } of grants) {
    const path = clean(grant.mount);
    const before = mounts.get(path);
    if (before !== undefined && clean(before.grant.directory) !== clean(grant.directory)) {
      throw refused(grant, `is mounted at ${path}, as is ${before.grant.directory}`, 'Give each a `mount` of its own.');
    }
    const directory = open(grant, access, owner);
    if (directory === undefined) continue;
    before?.directory.handle.release();
    mounts.set(path, { path, directory, grant });
  }
  return [...mounts.values()];
}

/**
 * Follows no symbolic link: the path is walked again for each instance, and whoever can write to a directory above
 * could otherwise point the grant anywhere (a plugin, too, with a grant that contains another's).
 */
function open(grant: DirectoryGrant, access: OpenDirectory['access'], owner: HandleOwner): OpenDirectory | undefined {
  const path = clean(grant.directory);
  if (path === '/') throw refused(grant, 'is the whole file system', 'Grant the directories that the plugin needs.');
  const root = new Handle(owner, '/', O_WALK);
  try {
    return walk(hold(root.fd), path.slice(1), { last: 'look', symlinks: 'refuse' }, ({ object }) => {
      if (object === undefined) return undefined;
      if (object.stat.isSymbolicLink()) throw new WitError('loop');
      if (!object.stat.isDirectory()) throw new WitError('not-directory');
      return new OpenDirectory(new Handle(owner, self(object.fd), O_WALK), access);
    });
  } catch (error) {
    if (!(error instanceof WitError)) throw error;
    switch (error.payload) {
      case 'no-entry':
        return undefined;
      case 'loop':
        throw refused(grant, 'is or lies behind a symbolic link', `Grant the real path${realPath(path)}.`);
      case 'not-permitted':
        throw refused(grant, 'shows the kernel, not files', 'Grant the directories that the plugin needs.');
      case 'quota':
        throw refused(grant, 'cannot be opened: too many files are open', TOO_MANY_FILES);
      default:
        throw refused(grant, `cannot be opened (${error.payload})`, 'Check the path and its permissions.');
    }
  } finally {
    root.release();
  }
}

const TOO_MANY_FILES =
  'Raise the number of files that the process may have open (`ulimit -n`), or load fewer plugins with file grants.';

function refused({ directory }: DirectoryGrant, why: string, hint: string): PluginError {
  return new PluginError('ERR_CAPABILITY_DENIED', `The granted directory ${directory} ${why}`, { hint });
}

function realPath(path: string): string {
  try {
    return `, ${realpathSync(path)}`;
  } catch {
    return '';
  }
}

/** Without `.`, `..`, double slashes and a slash at the end. */
function clean(path: string): string {
  return posix.join(path, '.').replace(/(.)\/$/, '$1');
}
