import { Buffer } from 'node:buffer';
import { SIDE_HEADER_BYTES, type SideKind } from '../../src/block/side.ts';
import type { Region } from './region.ts';

/** Notes something beside the result of a record; see `src/block/side.ts`. */
export function note(side: Region, kind: SideKind, text: string): void {
  const bytes = Buffer.allocUnsafe(SIDE_HEADER_BYTES + Buffer.byteLength(text));
  bytes[0] = kind;
  bytes.writeUInt32LE(bytes.length - SIDE_HEADER_BYTES, 1);
  bytes.write(text, SIDE_HEADER_BYTES, 'utf8');
  side.add(bytes);
}
