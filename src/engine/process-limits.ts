import { readdir, readFile } from 'node:fs/promises';
import { descriptors } from '../host/descriptors.ts';
import { addressSpace } from '../scheduler/address-space.ts';

/** What the system allows this process, as far as it says so, and what it has used of that. */
export interface ProcessLimits {
  readonly files: { readonly most: number; readonly open: number };
  /** Bytes. */
  readonly addresses: { readonly most: number; readonly used: number };
}

/** @returns undefined where the system does not say; it is Linux that does. */
export async function readProcessLimits(): Promise<ProcessLimits | undefined> {
  try {
    const [limits, status, open] = await Promise.all([
      readFile('/proc/self/limits', 'utf8'),
      readFile('/proc/self/status', 'utf8'),
      readdir('/proc/self/fd'),
    ]);
    const soft = (name: string): number =>
      Number(new RegExp(`^${name} +(\\d+)`, 'm').exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
    const used = Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
    return {
      files: { most: soft('Max open files'), open: open.length },
      addresses: { most: soft('Max address space'), used },
    };
  } catch {
    return undefined;
  }
}

/** Descriptors that the first threads of an engine take. */
const FILES_OF_THREADS = 64;
/** Half of the rest is the plugins', the other the host's. */
const FILES_SHARE = 1 / 2;
/** The tools that compile components have memories of their own, which reserve as much; the rest is for threads and the host. */
const ADDRESSES_SHARE = 1 / 3;
const LEAST_FILES = 16;
const MOST_FILES = 2 ** 30;

/** Descriptors that plugins may hold together. */
export function filesForPlugins({ files: { most, open } }: ProcessLimits): number {
  const share = Math.floor((most - open - FILES_OF_THREADS) * FILES_SHARE);
  return Math.min(Math.max(share, LEAST_FILES), MOST_FILES);
}

/** Bytes of addresses that memories of plugins may reserve together. */
export function addressesForMemories({ addresses: { most, used } }: ProcessLimits): number {
  return (most - used) * ADDRESSES_SHARE;
}

let heeded: Promise<void> | undefined;

/** Has the books of the process keep to its limits. Once: what engines hold later is no measure of what there is. */
export function heedProcessLimits(): Promise<void> {
  heeded ??= readProcessLimits().then((limits) => {
    if (limits === undefined) return;
    descriptors.limit = filesForPlugins(limits);
    addressSpace.bound(addressesForMemories(limits));
  });
  return heeded;
}
