import { BACKSLASH, hex4, NONE, PLAIN_ESCAPES } from './json-marks.ts';

/**
 * Writes what stands between the quotes of a string of JSON, and is known to be one, as what it stands for; it is never
 * longer.
 *
 * @returns Where it ends; {@link NONE} for half a surrogate, which UTF-8 has no bytes for.
 */
export function unescapeJson(bytes: Uint8Array, from: number, until: number, to: Uint8Array, at: number): number {
  let end = at;
  for (let here = from; here < until; ) {
    const byte = bytes[here++]!;
    if (byte !== BACKSLASH) {
      to[end++] = byte;
      continue;
    }
    const mark = bytes[here++]!;
    if (mark !== 0x75) {
      to[end++] = PLAIN_ESCAPES[mark]!;
      continue;
    }
    let point = hex4(bytes, here);
    here += 4;
    if (point >= 0xd800 && point < 0xe000) {
      if (point >= 0xdc00 || bytes[here] !== BACKSLASH || bytes[here + 1] !== 0x75) return NONE;
      const low = hex4(bytes, here + 2);
      if (low < 0xdc00 || low >= 0xe000) return NONE;
      here += 6;
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    if (point < 0x80) to[end++] = point;
    else if (point < 0x800) {
      to[end++] = 0xc0 | (point >> 6);
      to[end++] = 0x80 | (point & 0x3f);
    } else {
      if (point < 0x10000) to[end++] = 0xe0 | (point >> 12);
      else {
        to[end++] = 0xf0 | (point >> 18);
        to[end++] = 0x80 | ((point >> 12) & 0x3f);
      }
      to[end++] = 0x80 | ((point >> 6) & 0x3f);
      to[end++] = 0x80 | (point & 0x3f);
    }
  }
  return end;
}
