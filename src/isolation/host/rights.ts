import { realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResolvedPolicy } from '../../host/policy/policy.ts';
import { packageRoot } from '../../package/root.ts';
import type { LaneOpening } from '../../registry/executor.ts';

/** What a process may reach of the machine: what the policies of its plugins grant, all together. */
export interface Rights {
  readonly read: ReadonlySet<string>;
  readonly write: ReadonlySet<string>;
  readonly network: 'granted' | 'none';
}

export const NO_RIGHTS: Rights = Object.freeze({ read: new Set<string>(), write: new Set<string>(), network: 'none' });

/** The rights, with what a policy grants. */
export function withPolicy(rights: Rights, policy: ResolvedPolicy): Rights {
  const write = policy.allowFsWrite.map(({ directory }) => directory);
  const read = [...policy.allowFsRead.map(({ directory }) => directory), ...write];
  return {
    read: new Set([...rights.read, ...read]),
    write: new Set([...rights.write, ...write]),
    network: policy.allowNetwork.length > 0 ? 'granted' : rights.network,
  };
}

/** The rights, with what a lane is opened with: its policy, and the modules of the host's that its workers load. */
export function withOpening(rights: Rights, { policy, imports }: Pick<LaneOpening, 'policy' | 'imports'>): Rights {
  const granted = withPolicy(rights, policy);
  // With what they import: their package, as far as it can be told.
  const packages = imports.flatMap(({ module }) =>
    module === undefined ? [] : [dirname(findPackageJSON(module) ?? fileURLToPath(module))],
  );
  return { ...granted, read: new Set([...granted.read, ...packages]) };
}

/** The rights of both. */
export function union(a: Rights, b: Rights): Rights {
  return {
    read: new Set([...a.read, ...b.read]),
    write: new Set([...a.write, ...b.write]),
    network: a.network === 'granted' ? 'granted' : b.network,
  };
}

/** Whether one has all that the other has. */
export function covers(rights: Rights, wanted: Rights): boolean {
  const has = (own: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
    [...others].every((one) => own.has(one));
  return (
    has(rights.read, wanted.read) &&
    has(rights.write, wanted.write) &&
    (rights.network === 'granted' || wanted.network === 'none')
  );
}

/**
 * The flags of Node's permission model. Files are opened below descriptors that are held (`src/host/wasi`), one part of a
 * path at a time from the root on, which the model takes for access to everything: where a policy grants files, it does
 * not bound them.
 */
export function permissionFlags({ read, write, network }: Rights, cacheDirectory: string | undefined): string[] {
  const files = read.size > 0 ? ['*'] : [];
  const reads = [...codeRoots(), ...files, ...[...read, ...cache(cacheDirectory)].flatMap(tree)];
  const writes = [...(write.size > 0 ? files : []), ...[...write, ...cache(cacheDirectory)].flatMap(tree)];
  return [
    '--permission',
    '--allow-worker',
    // Node says at each start that a worker could undo the model; it does not where the model holds in workers, too.
    '--disable-warning=PERM0006',
    // Before Node 24 that has no code of its own.
    '--disable-warning=SecurityWarning',
    ...reads.map((path) => `--allow-fs-read=${path}`),
    ...writes.map((path) => `--allow-fs-write=${path}`),
    // Before Node 25 the model leaves the network alone.
    ...(network === 'granted' && process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
  ];
}

function cache(directory: string | undefined): string[] {
  return directory === undefined ? [] : [directory];
}

/** A directory and all below it. */
function tree(directory: string): string[] {
  return [directory, directory.endsWith(sep) ? `${directory}*` : `${directory}${sep}*`];
}

/** This package, and the `node_modules` that its dependencies are in: its own, or the one that it is in itself. */
function codeRoots(): string[] {
  const root = fileURLToPath(packageRoot());
  const roots = new Set([root, realpathSync(root)]);
  const modules = `${sep}node_modules${sep}`;
  for (const path of [...roots]) {
    const at = path.indexOf(modules);
    if (at >= 0) roots.add(path.slice(0, at + modules.length));
  }
  try {
    roots.add(realpathSync(`${root}node_modules`));
  } catch {
    // Its dependencies are beside it.
  }
  return [...roots].flatMap(tree);
}
