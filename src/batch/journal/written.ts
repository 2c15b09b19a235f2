import { crc32 } from 'node:zlib';

/** So many bytes of a file from its beginning, and their CRC-32. */
export interface Written {
  readonly bytes: number;
  readonly crc: number;
}

export const NOTHING_WRITTEN: Written = Object.freeze({ bytes: 0, crc: 0 });

/** What was written, and then some more. */
export function extended({ bytes, crc }: Written, more: Uint8Array): Written {
  return { bytes: bytes + more.length, crc: crc32(more, crc) };
}
