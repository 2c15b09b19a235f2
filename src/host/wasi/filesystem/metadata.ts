import { createHash, randomBytes } from 'node:crypto';
import type { BigIntStats, Dirent } from 'node:fs';
import type { Datetime } from '../clocks.ts';
import { fsError } from './errno.ts';

/** The enum `descriptor-type`. */
export type DescriptorType =
  | 'unknown'
  | 'block-device'
  | 'character-device'
  | 'directory'
  | 'fifo'
  | 'symbolic-link'
  | 'regular-file'
  | 'socket';

/** The record `descriptor-stat`. Times are left out where the policy denies clocks: a fresh file would tell the time. */
export interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime | undefined;
  readonly dataModificationTimestamp: Datetime | undefined;
  readonly statusChangeTimestamp: Datetime | undefined;
}

/** The variant `new-timestamp`. */
export type NewTimestamp =
  | { readonly tag: 'no-change' }
  | { readonly tag: 'now' }
  | { readonly tag: 'timestamp'; readonly val: Datetime };

/** The record `metadata-hash-value`. */
export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

const NS_PER_S = 1_000_000_000n;
/** Some 35,000 years: what no file system keeps, and a double still holds with a fraction. */
const MAX_SECONDS = 2n ** 40n;

export function typeOf(of: BigIntStats | Dirent<Buffer>): DescriptorType {
  if (of.isFile()) return 'regular-file';
  if (of.isDirectory()) return 'directory';
  if (of.isSymbolicLink()) return 'symbolic-link';
  if (of.isFIFO()) return 'fifo';
  if (of.isSocket()) return 'socket';
  if (of.isCharacterDevice()) return 'character-device';
  if (of.isBlockDevice()) return 'block-device';
  return 'unknown';
}

export function describeStat(stat: BigIntStats, times: 'shown' | 'hidden'): DescriptorStat {
  const time = (ns: bigint): Datetime | undefined =>
    times === 'hidden' || ns < 0n ? undefined : { seconds: ns / NS_PER_S, nanoseconds: Number(ns % NS_PER_S) };
  return {
    type: typeOf(stat),
    linkCount: stat.nlink,
    size: stat.size,
    dataAccessTimestamp: time(stat.atimeNs),
    dataModificationTimestamp: time(stat.mtimeNs),
    statusChangeTimestamp: time(stat.ctimeNs),
  };
}

/** Seconds since 1970 for `utimes`, which has no word for "leave it": that is the time that the file has. */
export function toSeconds(timestamp: NewTimestamp, current: bigint): number {
  switch (timestamp.tag) {
    case 'no-change':
      return Number(current) / 1e9;
    case 'now':
      return Date.now() / 1000;
    case 'timestamp': {
      const { seconds, nanoseconds } = timestamp.val;
      // Before 1970 in WASI 0.3 alone.
      if (seconds > MAX_SECONDS || seconds < -MAX_SECONDS) throw fsError('overflow');
      return Number(seconds) + nanoseconds / 1e9;
    }
  }
}

/** Keeps inode and device numbers of the host from being read back out of a hash. One for each thread. */
const secret = randomBytes(16);

/**
 * `lower` stands for the object and `upper` for its state as well: the preview 1 adapter shows `lower` to its guests
 * as the inode number.
 */
export function metadataHash({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): MetadataHash {
  const hash = (...parts: bigint[]): bigint =>
    createHash('sha256').update(secret).update(parts.join()).digest().readBigUInt64LE();
  return { lower: hash(dev, ino), upper: hash(dev, ino, size, mtimeNs, ctimeNs) };
}
