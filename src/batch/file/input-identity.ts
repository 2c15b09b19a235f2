import { isCount } from '../journal/state.ts';
import type { Written } from '../journal/written.ts';

/** What tells an input from another, and from what it was before. */
export interface InputIdentity {
  /** Of a regular file. */
  readonly size?: number;
  readonly modifiedMs?: number;
  /** What a server says of exactly these bytes. */
  readonly etag?: string;
  /** Its beginning. */
  readonly head: Written;
}

/** The identities of the inputs of an earlier run, from its journal; undefined where it says nothing sensible. */
export function toInputIdentities(value: unknown): readonly InputIdentity[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const identities = value.map(toInputIdentity).filter((identity) => identity !== undefined);
  return identities.length === value.length ? identities : undefined;
}

function toInputIdentity(value: unknown): InputIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { size, modifiedMs, etag, head } = value as Partial<InputIdentity>;
  if (typeof head !== 'object' || head === null || !isCount(head.bytes) || !isCount(head.crc)) return undefined;
  if (head.bytes > 1024 * 1024 || (size !== undefined && !isCount(size))) return undefined;
  if (modifiedMs !== undefined && typeof modifiedMs !== 'number') return undefined;
  if (etag !== undefined && typeof etag !== 'string') return undefined;
  return {
    ...(etag !== undefined && { etag }),
    head: { bytes: head.bytes, crc: head.crc },
    ...(size !== undefined && { size }),
    ...(modifiedMs !== undefined && { modifiedMs }),
  };
}

/** Why an input is not the one of an earlier run; undefined where it may be. A time alone says nothing: bytes decide. */
export function difference(now: InputIdentity, before: InputIdentity): string | undefined {
  if (now.size !== before.size)
    return `it has ${now.size ?? 'an unknown number of'} bytes, and had ${before.size ?? 'an unknown number'}`;
  if (now.etag !== before.etag) return 'its server says that it is another';
  if (now.head.bytes !== before.head.bytes)
    return `it has ${now.head.bytes} bytes, and had at least ${before.head.bytes}`;
  return now.head.crc === before.head.crc ? undefined : 'it begins with other bytes';
}
